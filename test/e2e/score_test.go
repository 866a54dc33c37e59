package e2e_test

import "fmt"

// score is the result of a run.
type score struct {
	connections, calls, faults, moves, kills, stops, edits, deliveries, told int

	lost, wrong, twice, leaks, crashes, heldOff int
}

// String is the score in three lines.
func (s score) String() string {
	return fmt.Sprintf("%d connections, %d calls, %d faults, %d moves, %d stops (%d kills), %d edits of the policy, %d deliveries, %d given up and told\n"+
		"lost %d, wrongly rejected %d, effects twice %d\nleaks %d, crashes %d, held off by an attacker %d",
		s.connections, s.calls, s.faults, s.moves, s.stops, s.kills, s.edits, s.deliveries, s.told, s.lost, s.wrong, s.twice, s.leaks, s.crashes, s.heldOff)
}

func (s score) clean() bool {
	return s.lost == 0 && s.wrong == 0 && s.twice == 0 && s.leaks == 0 && s.crashes == 0 && s.heldOff == 0
}

// soFar returns the score as it stands. Before the end, a suspect may yet turn out to be excused.
func (c *checker) soFar() score {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.score
	for _, one := range c.suspects {
		if one.lost {
			s.lost++
		} else {
			s.wrong++
		}
	}
	return s
}

// note changes the score under the lock.
func (c *checker) note(change func(*score)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.score)
}

// giveUp notes a delivery that failed for good: the platform hands it to the destination for failures.
func (c *checker) giveUp() { c.note(func(s *score) { s.told++ }) }

func (c *checker) crashed(how string) {
	c.complain(func(s *score) *int { return &s.crashes }, "%s", how)
}

func (c *checker) complain(of func(*score) *int, format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.blame(of(&c.score), format, args...)
}

// blame counts a problem and keeps the first few. The caller holds the lock.
func (c *checker) blame(counter *int, format string, args ...any) {
	*counter++
	if len(c.problems) < 20 {
		c.problems = append(c.problems, fmt.Sprintf(format, args...))
	}
}
