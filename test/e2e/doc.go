// Package e2e tests the packaged binary as Function Compute runs it, on both runtimes, in front of the simulated cloud.
// It holds nothing but tests. Most of them look at one promise at a time; TestChaos makes everything go wrong at once.
//
// A chaos run is drawn from a seed: several processes on both runtimes, connections, events, sweeps, faults, kills, edits of
// the policy, and members who join, leave and move in the resource directory. Afterwards a checker judges by the simulated API's own record whether peerguard kept its promises:
//
//   - P1. An unknown pending request is rejected in the end, or somebody is told that it was not. An invocation that
//     succeeds has left none behind.
//   - P2. A request that the policy allows, and a connection that is not pending or not ours, is never rejected: no
//     RejectVpcPeerConnection is ever sent for it.
//     A member's request is rejected, and that of somebody who has left allowed, only on what the directory said a short while
//     before.
//   - P3. One event has one effect, however often and wherever it is delivered: no connection is rejected twice, and
//     every rejection carries the client token of an event or a timer that asked for it.
//   - P4. No credential, token or signature is printed or answered.
//   - P5. No process ends unless the plan ends it.
//   - P6. Nobody holds a rejection off. After the faults have ended attackers go on, and a few sweeps reject what they want
//     to keep.
//
// A short run is part of `go test`; `make chaos` makes a long one. A seed fixes every decision of the plan, but when its
// steps meet is up to the machine: a replay is the same plan, not the same run.
package e2e
