// Package chaos holds no code but its tests: a seeded run of the packaged binary, several processes on both runtimes,
// through everything that goes wrong at once, and a checker that judges afterwards, by the simulated API's own record,
// whether peerguard kept its promises.
//
//   - P1. An unknown pending request is rejected in the end, or somebody is told that it was not. An invocation that
//     succeeds has left none behind.
//   - P2. A request that the policy allows, and a connection that is not pending or not ours, is never rejected: no
//     RejectVpcPeerConnection is ever sent for it.
//   - P3. One event has one effect, however often and wherever it is delivered: no connection is rejected twice, and
//     every rejection carries the client token of an event or a timer that asked for it.
//   - P4. No credential, token or signature is printed or answered.
//   - P5. No process ends that nobody ended.
//
// A short run is part of `go test`; `make chaos` makes a long one. A seed fixes every decision of the plan: connections,
// events, their order, faults, stops and edits of the policy. When each of them meets the others is up to the machine,
// so a replay is the same plan, not the same run.
package chaos
