// Package attacks holds nothing but tests: what the sender of an event or a request can choose must not choose the outcome.
// Each test is an attack on the handler, in front of the simulated cloud and with a clock of its own.
package attacks
