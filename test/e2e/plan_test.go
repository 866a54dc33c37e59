package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"peerguard/function/peering"
	"peerguard/simulator"
)

// step is what happens next: connections appear, an account moves, payloads are delivered, an instance is stopped, the policy
// is edited, or a fault begins.
type step struct {
	Put     []connection
	Move    *move
	Deliver []delivery
	Stop    *stop
	Edit    *edit
	Fault   *simulator.Fault
}

// delivery is one asynchronous invocation.
type delivery struct {
	Payload      string
	Events       []announcement // that the payload holds
	Sweep        *sweep         // or the sweep that it asks for
	Bad          bool           // it cannot be read and must not succeed
	Timeout      time.Duration  // of the function
	Retries      int            // after the first attempt
	SendDeadline bool           // the deadline is sent even on a runtime where it is optional
}

// sweep is one timer event.
type sweep struct {
	TriggerTime string
	Scope       []peering.Partition
}

// stop ends a process, and another takes its place.
type stop struct {
	Instance int  // modulo their number
	Kill     bool // kill -9; else SIGTERM, which lets the process finish its work
}

// plan draws one step after the other. The same seed draws the same ones.
type plan struct {
	random      *rand.Rand
	steps       int
	connections int
	events      int
	sweeps      int
	moves       int
	visits      int                    // of the account without a role
	repair      int                    // step that repairs a broken policy
	later       map[int][]announcement // by step
	recent      []connection
}

func newPlan(seed uint64) *plan {
	return &plan{random: rand.New(rand.NewPCG(seed, 1)), later: map[int][]announcement{}}
}

func (p *plan) next() step {
	r := p.random
	var s step
	for range 1 + r.IntN(4) {
		s.Put = append(s.Put, p.appear())
	}
	if old := p.recent[r.IntN(len(p.recent))]; r.IntN(3) == 0 {
		p.announce(&old, 1) // another event about it, such as its Accept
	}
	s.Deliver = append(s.Deliver, p.due()...)
	switch r.IntN(40) {
	case 0:
		d := p.delivery()
		d.Payload, d.Bad = garbage[r.IntN(len(garbage))], true
		s.Deliver = append(s.Deliver, d)
	case 1, 2, 3, 4, 5:
		s.Deliver = append(s.Deliver, p.sweep()...)
	case 6:
		s.Stop = &stop{Instance: r.IntN(1000), Kill: r.IntN(3) > 0}
	case 7:
		s.Edit = p.edit()
	case 8:
		s.Put = append(s.Put, p.flood()...)
	case 9:
		s.Deliver = append(s.Deliver, p.overlap()...)
	case 10:
		s.Fault = p.stall()
	case 11:
		s.Fault = p.misread()
	case 12:
		s.Move = p.visitor()
	case 13, 14, 15:
		s.Move = p.move()
	}
	if p.steps == p.repair {
		s.Edit = &edit{Text: sound(r, "enforce"), Accounts: accounts(r)}
	}
	p.steps++
	return s
}

// edit changes the policy. A broken one is repaired a few steps later.
func (p *plan) edit() *edit {
	e := newEdit(p.random)
	if p.random.IntN(6) == 0 {
		e.Text = broken(p.random, e.Text)
		p.repair = p.steps + 1 + p.random.IntN(15)
	}
	return &e
}

// appear makes a connection and, mostly, an event about it, delivered one to three times, now or later.
func (p *plan) appear() connection {
	c := newConnection(p.random, p.connections)
	p.connections++
	if p.recent = append(p.recent, c); len(p.recent) > 50 {
		p.recent = p.recent[1:]
	}
	if p.random.IntN(5) > 0 {
		p.announce(&c, 1+p.random.IntN(3))
	}
	return c
}

// flood makes many requests in one partition, by one requester or by as many as there are requests.
func (p *plan) flood() []connection {
	r := p.random
	flood := make([]connection, 20+r.IntN(60))
	requester, accepter, home, alone := stranger(r), guarded(r, 0), region(r.IntN(regions)), r.IntN(2) == 0
	for i := range flood {
		if !alone {
			requester = stranger(r)
		}
		it := &flood[i].Item
		*it = pendingRequest(fmt.Sprintf("pcc-%06d", p.connections), requester)
		it.AcceptingOwnerUID, it.AcceptingRegionID = accepter, home
		p.connections++
	}
	return flood
}

func (p *plan) announce(c *connection, copies int) {
	a := announce(p.random, p.eventID(), c)
	p.events++
	for range copies {
		due := p.steps + p.random.IntN(2)*p.random.IntN(30)
		p.later[due] = append(p.later[due], a)
	}
}

// eventID draws an id. One in ten is chosen to use up a token that the next sweep, or the event of another connection, needs.
func (p *plan) eventID() any {
	r := p.random
	if r.IntN(10) > 0 {
		return eventID(r, p.events)
	}
	target := p.recent[r.IntN(len(p.recent))].Item.InstanceID
	ids := poison(triggerTime(p.sweeps), target)
	if p.events > 0 {
		ids = append(ids, fmt.Sprintf("event-%d", r.IntN(p.events)))
	}
	return ids[r.IntN(len(ids))]
}

// due returns the deliveries of this step, in any order, some of them in one payload.
func (p *plan) due() (list []delivery) {
	r := p.random
	events := p.later[p.steps]
	delete(p.later, p.steps)
	r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	for len(events) > 0 {
		n := 1
		if r.IntN(2) == 0 {
			n = min(len(events), 2+r.IntN(6))
		}
		d := p.delivery()
		d.Events, events = events[:n], events[n:]
		d.Payload = d.Events[0].Body
		if n > 1 {
			d.Payload = batch(r, d.Events)
		}
		list = append(list, d)
	}
	return list
}

// sweep makes a timer event, delivered once or twice.
func (p *plan) sweep() []delivery {
	scope, whole := p.scope(), p.random.IntN(8) == 0
	if whole {
		scope = everywhere()
	}
	return slices.Repeat([]delivery{p.timer(scope, whole)}, 1+p.random.IntN(2))
}

// scope draws some guarded accounts and regions.
func (p *plan) scope() (scope []peering.Partition) {
	r := p.random
	accounts, areas := r.Perm(members + 1)[:1+r.IntN(3)], r.Perm(regions)[:1+r.IntN(5)]
	for _, a := range accounts {
		account := own
		if a < members {
			account = accountOf(memberAccount(a))
		}
		for _, n := range areas {
			scope = append(scope, peering.Partition{Account: account, Region: region(n)})
		}
	}
	return scope
}

// timer makes the next timer event, for the whole scope or a part of it.
func (p *plan) timer(scope []peering.Partition, whole bool) delivery {
	d := p.delivery()
	d.Timeout += 3 * time.Second
	d.Sweep = &sweep{TriggerTime: triggerTime(p.sweeps), Scope: scope}
	d.Payload = timer(d.Sweep.TriggerTime, scope, whole)
	p.sweeps++
	return d
}

// triggerTime is that of the n-th timer event.
func triggerTime(n int) string {
	return time.Date(2026, 11, 1, 0, 0, n, 0, time.UTC).Format(time.RFC3339)
}

// overlap makes several timer events of one scope at the same time.
func (p *plan) overlap() (list []delivery) {
	scope := p.scope()
	for range 2 + p.random.IntN(3) {
		list = append(list, p.timer(scope, false))
	}
	return list
}

// stall lets a partition hang for a few calls.
func (p *plan) stall() *simulator.Fault {
	in := everywhere()[p.random.IntN(len(everywhere()))]
	return &simulator.Fault{Kind: simulator.Hang, Action: "ListVpcPeerConnections", Account: in.Account, Region: in.Region, Count: 1 + p.random.IntN(4)}
}

func (p *plan) delivery() delivery {
	r := p.random
	return delivery{Timeout: time.Duration(5+r.IntN(3)) * time.Second, Retries: r.IntN(3), SendDeadline: r.IntN(2) == 0}
}

// lasting are the faults that cost seconds. They are rare, or nothing else would happen.
var lasting = map[simulator.Kind]bool{simulator.Hang: true, simulator.HangAfter: true, simulator.SlowBody: true}

// keys are the members of an answer that a fault overwrites, where the fault's own default would not do: an answer must not
// make up facts, because a verdict on facts that are made up is right.
var keys = map[simulator.Kind]string{simulator.EchoKeys: "Name,GmtCreate,GmtExpired"}

// faults apply to a fifth of the calls: every kind of them, in proportions that the seed decides.
func faults(seed uint64) []simulator.Fault {
	const share = 0.2
	r := rand.New(rand.NewPCG(seed, 2))
	kinds := simulator.Kinds()
	weights := make([]float64, len(kinds))
	sum := 0.0
	for i, k := range kinds {
		weights[i] = 0.3 + r.Float64()
		switch {
		case lasting[k]:
			weights[i] /= 20
		case k == simulator.MissingKeys:
			weights[i] *= 4 // few connections depend on a fact
		}
		sum += weights[i]
	}
	list := make([]simulator.Fault, len(kinds))
	left := 1.0 // share of the calls that no earlier fault applies to
	for i, k := range kinds {
		part := share * weights[i] / sum
		list[i] = simulator.Fault{Kind: k, Probability: part / left, Seed: r.Uint64()}
		left -= part
		list[i].For, list[i].Keys = lasts(r, k), keys[k]
	}
	return list
}

// lasts returns how long a fault of a kind lasts; 0 is the kind's own default.
func lasts(r *rand.Rand, k simulator.Kind) time.Duration {
	switch k {
	case simulator.Throttle:
		return between(r, 10*time.Millisecond, 800*time.Millisecond)
	case simulator.SlowBody:
		return between(r, 50*time.Millisecond, 12*time.Second)
	case simulator.StaleRead:
		return between(r, 100*time.Millisecond, 5*time.Second)
	default:
		return 0
	}
}
