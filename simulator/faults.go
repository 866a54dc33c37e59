package simulator

import (
	"cmp"
	"math/rand/v2"
	"time"

	"peerguard/function/peering"
)

// Fault says what goes wrong, and with which calls. A zero field does not restrict it: a Fault with nothing but a Kind
// applies to every call.
type Fault struct {
	Kind Kind

	// Which calls count.
	Action   string // such as RejectVpcPeerConnection
	Instance string // connection that the call names
	Account  peering.Account
	Region   string // RegionId of the call

	// Which of the calls that count it applies to.
	Skip        int     // not the first Skip
	Count       int     // at most Count of the others
	Every       int     // only every Every-th
	Probability float64 // only with this probability; Seed makes the choice repeatable
	Seed        uint64

	// How it goes wrong. The zero value of these is the default of the Kind.
	For     time.Duration // the wait of a throttle, the duration of a slow body, the age of a stale read
	Code    string        // the code of an error
	Status  int           // the HTTP status of an error or a page
	Keys    string        // which keys of the answer, separated by commas; a.b is the key b below a
	Applied bool          // carry out the call, then spoil its answer
}

// severs reports whether the fault strikes below HTTP, before the caller is authenticated.
func (f Fault) severs() bool { return kinds[f.Kind].severs }

// armedFault is a fault and the calls that it has seen so far.
type armedFault struct {
	Fault
	seen, fired int
	random      *rand.Rand
}

// Inject adds faults. If several apply to a call, the one that was injected first is used and the others do not count
// the call. Inject panics if a kind does not exist.
func (c *Cloud) Inject(faults ...Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range faults {
		f := faults[i]
		k, ok := kinds[f.Kind]
		if !ok {
			panic("simulator: unknown fault " + string(f.Kind))
		}
		f.For = cmp.Or(f.For, k.defaults.For)
		f.Code = cmp.Or(f.Code, k.defaults.Code)
		f.Status = cmp.Or(f.Status, k.defaults.Status)
		f.Keys = cmp.Or(f.Keys, k.defaults.Keys)
		f.Applied = f.Applied || k.defaults.Applied
		c.faults = append(c.faults, &armedFault{Fault: f, random: rand.New(rand.NewPCG(f.Seed, 0))})
	}
}

// ClearFaults removes all faults.
func (c *Cloud) ClearFaults() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = nil
}

// due returns the fault that applies to a call, and how it spoils the answer. The spoiler is nil if no fault applies, or
// if the fault only changes how the call is carried out.
func (c *Cloud) due(cl *call) (Fault, spoiler) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.faults {
		if !f.counts(cl) || !f.applies() {
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

// counts reports whether a call is one of those that the fault is about.
func (f *armedFault) counts(cl *call) bool {
	return (f.Action == "" || f.Action == cl.Action) &&
		(f.Instance == "" || f.Instance == cl.InstanceID) &&
		(f.Account == "" || f.Account == cl.claimed) &&
		(f.Region == "" || f.Region == cl.Region)
}

// applies counts a call and reports whether the fault applies to it.
func (f *armedFault) applies() bool {
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
