// Package platform simulates Function Compute's side of both runtimes, for tests. [Runtime] is the Runtime API that a
// function on the Go runtime polls, [Custom] sends invocations to the server of a function on a custom runtime, and
// [Process] runs the binary itself. All of them hand out recognisable credentials, and [Leaks] finds these in any output.
//
// Its behaviour follows the platform's documents and the source of the SDK. It was not compared with a live account.
package platform

// The account and region of the function, in every invocation and in the environment of every [Process].
const (
	Account = "1111111111111111"
	Region  = "cn-shanghai"
)
