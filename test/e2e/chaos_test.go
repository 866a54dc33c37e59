package e2e_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	seedFlag    = flag.Uint64("chaos.seed", 0, "`seed` of a long run; 0 draws one")
	minutesFlag = flag.Float64("chaos.minutes", 0, "length of a long run; 0 makes short ones")
)

// TestChaos makes everything go wrong at once: nothing is lost and nothing is wrongly rejected.
func TestChaos(t *testing.T) {
	t.Parallel()
	if *minutesFlag > 0 {
		seed := *seedFlag
		if seed == 0 {
			seed = rand.Uint64()
		}
		t.Logf("seed %d", seed) // before it starts, so that a run that hangs can be repeated
		chaos(t, seed, time.Duration(*minutesFlag*float64(time.Minute)))
		return
	}
	var wait sync.WaitGroup // not subtests: the runs mostly wait, so more of them can run at once than there are processors
	for seed := uint64(1); seed <= 3; seed++ {
		wait.Go(func() { chaos(t, seed, 5*time.Second) })
	}
	wait.Wait()
}

// chaos makes one run against instances of the package.
func chaos(t *testing.T, seed uint64, d time.Duration) {
	t.Helper()
	r, err := instances(t, seed, []string{"info", "trace"}[seed%2])
	if err != nil {
		t.Error(err)
		return
	}
	r.least = stormy
	s := r.chaos(d)
	t.Logf("seed %d, repeat with: make chaos SEED=%d MINUTES=%.3g\n%v", seed, seed, d.Minutes(), s)
	for _, p := range r.problems {
		t.Errorf("seed %d: %s", seed, p)
	}
	if !s.clean() {
		t.Errorf("seed %d: a promise is broken", seed)
	}
	if !stormy(r.storm) {
		t.Errorf("seed %d: too little went wrong: %d faults in %d calls, %d stops", seed, r.storm.faults, r.storm.calls, s.stops)
	}
	if unknown := r.cloud.UnknownActions(); len(unknown) > 0 {
		t.Errorf("calls that the API does not know: %v", unknown)
	}
}

// stormy reports whether enough went wrong for a run to prove something.
func stormy(s score) bool { return s.calls >= 300 && s.faults >= s.calls/10 && s.stops > 0 }

// instances makes a run with instances of the package in front of a cloud on a loopback address.
func instances(t *testing.T, seed uint64, level string) (*run, error) {
	t.Helper()
	dist, err := packed()
	if err != nil {
		return nil, err
	}
	r, err := newRun(seed, t.TempDir())
	if err != nil {
		return nil, err
	}
	server := httptest.NewServer(r.cloud)
	t.Cleanup(server.Close)
	err = r.startInstances(dist, server.URL, level)
	return r, err
}

// TestSeedIsThePlan: the same seed draws the same steps, and another seed draws others.
func TestSeedIsThePlan(t *testing.T) {
	t.Parallel()
	draw := func(seed uint64) string {
		p := newPlan(seed)
		var b strings.Builder
		for range 500 {
			b.WriteString(marshal(p.next()))
		}
		return b.String() + fmt.Sprint(faults(seed))
	}
	first, again, other := draw(7), draw(7), draw(8)
	if first != again {
		t.Error("two plans of one seed differ")
	}
	if first == other {
		t.Error("the plans of two seeds are the same")
	}
}
