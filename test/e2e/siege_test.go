package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"peerguard/function/peering"
	"peerguard/simulator"
)

const (
	siegeVictims = 12
	siegeRounds  = 3               // sweeps that a victim may survive at most
	siegeTimeout = 8 * time.Second // of the function
	siegeCap     = 600             // more than there are requesters
)

// siege is what attackers do after the faults have ended, to keep their requests from being rejected. They know when the
// next sweep comes, and can put any event on the bus.
type siege struct {
	*run
	random  *rand.Rand
	stalled int            // number of a region that does not answer for one account
	victims []string       // the requests that the attackers want to keep
	aside   sync.WaitGroup // attacks during a sweep
	junk    []string       // requests that only serve to hold off others
	edits   []string       // pairs of texts in the policy, old and new
	serial  int
}

// attacks are what happens before and during each sweep.
var attacks = []func(s *siege, triggerTime string){
	(*siege).forge, // first: its events are under way when the sweep begins
	(*siege).poison,
	(*siege).overlap,
	(*siege).pardon,
}

// siege counts the requests that attackers keep from being rejected although nothing else is in the way.
func (r *run) siege() {
	if r.enough != nil && r.enough(r.soFar()) {
		return
	}
	r.sweepAll("calm", 2*time.Minute) // what the faults left behind is not the attackers' doing
	s := &siege{run: r, random: rand.New(rand.NewPCG(r.seed, 3))}
	s.stalled = s.random.IntN(regions)
	for range siegeVictims {
		s.victims = append(s.victims, s.request(stranger(s.random), guarded(s.random, 0)))
	}
	s.flood()
	if r.seed%2 == 0 { // more requesters than there are, and no more requests than the flood has
		s.edit("guard:\n", fmt.Sprintf("guard:\n  max_requesters: %d\n", siegeCap))
	}
	r.cloud.Inject(simulator.Fault{Kind: simulator.Hang, Action: "ListVpcPeerConnections", Account: own, Region: region(s.stalled)})
	for round := 0; round < siegeRounds && len(s.victims) > 0; round++ {
		s.round(siegeTime(round))
	}
	r.cloud.ClearFaults()
	for _, id := range s.junk {
		s.cloud.SetStatus(id, peering.Deleted)
	}
	for _, id := range s.victims {
		r.complain(func(s *score) *int { return &s.heldOff }, "%s is still pending after %d sweeps", id, siegeRounds)
	}
}

// round attacks while everything is swept.
func (s *siege) round(triggerTime string) {
	for _, attack := range attacks {
		attack(s, triggerTime)
	}
	s.sweepAll(triggerTime, siegeTimeout)
	s.aside.Wait()
	s.victims = slices.DeleteFunc(s.victims, func(id string) bool {
		item, _ := s.cloud.Item(id)
		return !pending(item)
	})
}

// request makes a pending request in a region that answers, and returns its id.
func (s *siege) request(requester, accepter int64) string {
	return s.requestIn(region((s.stalled+1+s.random.IntN(regions-1))%regions), requester, accepter)
}

func (s *siege) requestIn(region string, requester, accepter int64) string {
	c := connection{Item: s.itemIn(region, requester, accepter)}
	s.put(&c)
	return c.Item.InstanceID
}

func (s *siege) itemIn(region string, requester, accepter int64) simulator.Item {
	s.serial++
	it := pendingRequest(fmt.Sprintf("pcc-siege%d", s.serial), requester)
	it.AcceptingOwnerUID, it.AcceptingRegionID = accepter, region
	return it
}

// flood puts nearly a page of one requester's requests in front of a victim, and many more after it, with requests of the
// friend among them.
func (s *siege) flood() {
	home := region((s.stalled + 1) % regions)
	for n := range 70 + siegeCap {
		if n == 70 {
			s.victims = append(s.victims, s.requestIn(home, stranger(s.random), ownNumber))
		}
		if n%3 == 0 {
			s.put(&connection{Item: s.itemIn(home, friend, ownNumber), Fate: pardoned})
		}
		s.junk = append(s.junk, s.requestIn(home, flooder, ownNumber))
	}
}

// edit changes the policy.
func (s *siege) edit(old, text string) {
	s.edits = append(s.edits, old, text)
	e := s.soundPolicy()
	e.Text = strings.NewReplacer(s.edits...).Replace(e.Text)
	if err := s.writePolicy(e); err != nil {
		s.crashed(err.Error())
	}
}

// send delivers an event about a connection.
func (s *siege) send(f function, a announcement) {
	s.invokeOn(f, delivery{Payload: a.Body, Events: []announcement{a}, Timeout: siegeTimeout})
}

// poison sends events about junk requests whose ids are the tokens that the sweep needs for the victims, and waits until
// they are handled. The API keeps the tokens of each account apart.
func (s *siege) poison(triggerTime string) {
	var handled sync.WaitGroup
	for _, id := range s.victims {
		victim, _ := s.cloud.Item(id)
		for _, id := range slices.Concat(poison(triggerTime, id), poison(again(triggerTime), id)) {
			item, _ := s.cloud.Item(s.request(stranger(s.random), victim.AcceptingOwnerUID))
			f := s.functions[s.random.IntN(len(s.functions))]
			a := announcement{ID: fmt.Sprint(id), About: item.InstanceID, Honest: true, Body: cloudEvent(id, creation(&item, item.OwnerID, item.AcceptingOwnerUID))}
			handled.Go(func() { s.send(f, a) })
		}
	}
	handled.Wait()
}

// forge sends every instance events that look for the victims in another account, or in a region whose name is so long that
// nobody answers.
func (s *siege) forge(triggerTime string) {
	for i, id := range s.victims {
		item, _ := s.cloud.Item(id)
		accepter := item.AcceptingOwnerUID
		if i%2 == 0 {
			accepter = guarded(s.random, accepter)
		} else {
			item.AcceptingRegionID = "cn-" + strings.Repeat("a", 9_000)
		}
		for j, f := range s.functions {
			a := announcement{ID: fmt.Sprintf("forged-%s-%d-%d", triggerTime, i, j), About: id}
			a.Body = cloudEvent(a.ID, creation(&item, partner, accepter))
			s.aside.Go(func() { s.send(f, a) })
		}
	}
}

// pardon allows the friend while the first sweep is in the middle of the flood. That is no attack, but it takes a flood to
// make a sweep long.
func (s *siege) pardon(triggerTime string) {
	if triggerTime != siegeTime(0) {
		return
	}
	s.aside.Go(func() {
		<-time.After(siegeTimeout / 8)
		s.edit("allow:\n", fmt.Sprintf("allow:\n  - name: friend\n    accounts: [\"%d\"]\n", friend))
		s.checker.mu.Lock()
		defer s.checker.mu.Unlock()
		s.checker.pardon = time.Now()
	})
}

// overlap delivers another timer event while the sweep runs.
func (s *siege) overlap(triggerTime string) {
	s.aside.Go(func() { s.sweepAll(again(triggerTime), siegeTimeout) })
}

func siegeTime(round int) string { return fmt.Sprintf("round-%d", round) }

// again is the trigger time of the timer event that overlaps another one.
func again(triggerTime string) string { return triggerTime + "-again" }
