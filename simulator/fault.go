package simulator

import (
	"math/rand/v2"
	"time"

	"peerguard/function/peering"
)

// Fault says what goes wrong, and with which calls. Zero fields do not restrict it: the zero value but for its Kind
// befalls every call.
type Fault struct {
	Kind Kind

	// Which calls it concerns.
	Action   string // such as RejectVpcPeerConnection
	Instance string // connection that the call names
	Account  peering.Account
	Region   string // RegionId that the call carries

	// Which of those it befalls.
	Skip        int     // not the first Skip
	Count       int     // then at most Count
	Every       int     // only each Every-th
	Probability float64 // only with this probability, which Seed makes repeatable
	Seed        uint64

	// How.
	For     time.Duration // how long: the wait of a throttle, the duration of a slow body, the age of a stale read; 0: the kind's own
	Applied bool          // the call is carried out first, and then its answer is spoiled
}

// severs reports whether the fault strikes below HTTP, before anybody looks at who calls.
func (f Fault) severs() bool { return kinds[f.Kind].severs }

// armedFault is a fault with what it has seen so far.
type armedFault struct {
	Fault
	seen, fired int
	random      *rand.Rand
}

// Inject adds faults. Of those that are due at a call, the one injected first befalls it, and the others do not count it.
// A kind that does not exist is a mistake of the caller: it panics.
func (c *Cloud) Inject(faults ...Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range faults {
		f := faults[i]
		k, ok := kinds[f.Kind]
		if !ok {
			panic("simulator: no fault is called " + string(f.Kind))
		}
		if f.For == 0 {
			f.For = k.lasts
		}
		f.Applied = f.Applied || k.applied
		c.faults = append(c.faults, &armedFault{Fault: f, random: rand.New(rand.NewPCG(f.Seed, 0))})
	}
}

// ClearFaults takes all faults away.
func (c *Cloud) ClearFaults() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = nil
}

// due picks the fault that befalls a call, and how it spoils the answer; nil: it does not, or there is no fault.
func (c *Cloud) due(cl *call) (Fault, spoiler) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.faults {
		if !f.concerns(cl) || !f.strikes() {
			continue
		}
		cl.Fault = f.Kind
		k := kinds[f.Kind]
		if k.prepare != nil {
			k.prepare(f.Fault, cl)
		}
		return f.Fault, k.spoil
	}
	return Fault{}, nil
}

func (f *armedFault) concerns(cl *call) bool {
	return (f.Action == "" || f.Action == cl.Action) &&
		(f.Instance == "" || f.Instance == cl.InstanceID) &&
		(f.Account == "" || f.Account == cl.claimed) &&
		(f.Region == "" || f.Region == cl.Region)
}

// strikes counts a call that the fault concerns, and decides whether it befalls it.
func (f *armedFault) strikes() bool {
	if f.Count > 0 && f.fired >= f.Count {
		return false
	}
	f.seen++
	nth := f.seen - f.Skip
	hit := nth > 0 && (f.Every <= 1 || nth%f.Every == 0)
	if f.Probability > 0 {
		hit = f.random.Float64() < f.Probability && hit
	}
	if hit {
		f.fired++
	}
	return hit
}
