// Package conformance holds the simulator to clients that are not ours, so that the simulator and our own client cannot be
// wrong in the same way. It has only a test, which needs npm: `make conformance`.
package conformance
