package e2e_test

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"peerguard/function/peering"
	"peerguard/simulator"
	"peerguard/simulator/platform"
)

// run is one world, the functions that guard it, and the plan of what happens to both.
type run struct {
	*checker
	*queue
	seed      uint64
	cloud     *simulator.Cloud
	folder    string // of the policy
	functions []function
	faults    []simulator.Fault
	least     func(score) bool // keeps the run going until it is true, however long a busy machine needs; nil: time decides
	enough    func(score) bool // ends the run early; nil: it takes its time
	storm     score            // when the faults ended
	renames   bool             // no policy is written over the old one, so no stall of this machine can excuse a rejection
	aside     sync.WaitGroup   // restarts and edits, one of the latter at a time
	editing   sync.Mutex
}

// newRun makes the world of a seed, with a sound policy in a folder of its own.
func newRun(seed uint64, folder string) (*run, error) {
	cloud := newCloud()
	for n := range members {
		cloud.AddRole(simulator.Role{ARN: roleOf(memberAccount(n)), TrustedAccounts: []peering.Account{own}})
	}
	cloud.AddRole(simulator.Role{ARN: librarian, TrustedAccounts: []peering.Account{own}})
	cloud.SetDirectory(organisation())
	checker := newChecker(cloud)
	r := &run{checker: checker, queue: newQueue(checker), seed: seed, cloud: cloud, folder: folder, faults: faults(seed)}
	err := r.writePolicy(r.soundPolicy())
	return r, err
}

func (r *run) soundPolicy() edit {
	random := newPlan(r.seed).random
	return edit{Text: sound(random, "enforce"), Accounts: accounts(random)}
}

// chaos carries out the plan for a while, ends the faults, and waits until every delivery is answered. Then attackers try to
// hold off rejections, and a last sweep must leave nothing behind.
func (r *run) chaos(d time.Duration) score {
	var serving sync.WaitGroup
	for _, f := range r.functions {
		for range f.slots() {
			serving.Go(func() { r.serve(f) })
		}
	}
	r.cloud.Inject(r.faults...)
	plan := newPlan(r.seed)
	for start := time.Now(); time.Since(start) < d || r.tooLittle(time.Since(start)); {
		r.carryOut(plan.next())
		if r.enough != nil && r.enough(r.soFar()) {
			break
		}
	}
	r.storm = r.soFar()
	r.cloud.ClearFaults()
	r.aside.Wait()
	r.drain()
	r.carry(&move{hollow, peering.Outside})
	r.recover(d)
	r.queue.stop()
	serving.Wait()

	if err := r.writePolicy(r.soundPolicy()); err != nil {
		r.crashed(err.Error())
	}
	r.siege()
	r.settle(r.lastSweep())
	for _, f := range r.functions {
		f.close()
	}
	return r.soFar()
}

// recover lets the functions forget what failed while there were faults: a directory that did not answer is not asked for half
// a minute. A short run starts them again, as a deployment does.
func (r *run) recover(d time.Duration) {
	if d >= time.Minute {
		<-time.After(31 * time.Second)
		return
	}
	for _, f := range r.functions {
		f.restart(false)
	}
}

// tooLittle reports whether less went wrong than the run is for. A plan that never gets there ends after some minutes.
func (r *run) tooLittle(after time.Duration) bool {
	return r.least != nil && after < 5*time.Minute && !r.least(r.soFar())
}

// carryOut carries out one step.
func (r *run) carryOut(s step) {
	for i := range s.Put {
		r.put(&s.Put[i])
	}
	if s.Move != nil {
		r.note(func(s *score) { s.moves++ })
		r.carry(s.Move)
	}
	if s.Stop != nil {
		r.note(func(s *score) { s.stops++ })
		if s.Stop.Kill {
			r.note(func(s *score) { s.kills++ })
		}
		f := r.functions[s.Stop.Instance%len(r.functions)]
		r.aside.Go(func() { f.restart(s.Stop.Kill) })
	}
	if s.Fault != nil {
		r.cloud.Inject(*s.Fault)
	}
	if s.Edit != nil {
		r.note(func(s *score) { s.edits++ })
		e := *s.Edit
		e.InPlace = e.InPlace && !r.renames
		r.aside.Go(func() {
			if err := r.writePolicy(e); err != nil {
				r.crashed(err.Error())
			}
		})
	}
	for _, d := range s.Deliver {
		r.send(d)
	}
}

func (r *run) put(c *connection) {
	r.expect(c)
	r.cloud.Put(c.Item)
	if c.Then != "" {
		r.cloud.SetStatusAfter(c.Item.InstanceID, c.After, c.Then)
	}
}

func (r *run) writePolicy(e edit) error {
	r.editing.Lock()
	defer r.editing.Unlock()
	from, until, err := e.apply(r.folder)
	if !until.IsZero() {
		r.checker.mu.Lock()
		defer r.checker.mu.Unlock()
		r.unsound = append(r.unsound, interval{from, until})
	}
	return err
}

// lastSweep sweeps everything on every instance at once, and returns the answer of the first.
func (r *run) lastSweep() platform.Result {
	return r.sweepAll("the-end", 2*time.Minute)[0]
}

// sweepAll delivers one timer event to every instance, as the platform may do, and returns their answers.
func (r *run) sweepAll(triggerTime string, timeout time.Duration) []platform.Result {
	d := delivery{Payload: timer(triggerTime, nil, true), Timeout: timeout, Sweep: &sweep{TriggerTime: triggerTime, Scope: everywhere()}}
	results := make([]platform.Result, len(r.functions))
	var wait sync.WaitGroup
	for i, f := range r.functions {
		wait.Go(func() { results[i] = r.invokeOn(f, d) })
	}
	wait.Wait()
	return results
}

// invokeOn invokes one function, past the queue.
func (r *run) invokeOn(f function, d delivery) platform.Result {
	a := r.begin(d, f)
	ctx, cancel := context.WithTimeout(context.Background(), d.Timeout)
	defer cancel()
	result := f.do(ctx, platform.Invocation{Payload: []byte(d.Payload), Timeout: d.Timeout, Region: region(0)})
	r.end(a, result)
	return result
}

// startInstances adds instances of the package on both runtimes, in front of a cloud at an address.
func (r *run) startInstances(dist, address, level string) error {
	env := functionEnv(filepath.Join(r.folder, policyFile), address, level)
	for range 2 {
		for _, on := range runtimes {
			side, err := on.side(dist, env)
			if err != nil {
				return err
			}
			p, err := launch(side, r.checker, on.capacity)
			if err != nil {
				return err
			}
			r.functions = append(r.functions, p)
		}
	}
	return nil
}
