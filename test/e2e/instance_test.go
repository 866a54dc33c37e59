package e2e_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"peerguard/simulator/platform"
)

// instance is a function that runs as processes of the package, one after the other.
type instance struct {
	runtime
	checker  *checker
	capacity int

	ending  sync.Mutex   // one end at a time
	running sync.RWMutex // held for writing while there is no process to invoke
	now     *generation
}

// generation is one process from its start to its end.
type generation struct {
	*platform.Process
	over bool // its end is accounted for; guarded by ending
}

// launch starts the first process of an instance.
func launch(r runtime, c *checker, capacity int) (*instance, error) {
	p := &instance{runtime: r, checker: c, capacity: capacity}
	err := p.begin()
	return p, err
}

func (p *instance) begin() error {
	started, err := p.start()
	if err != nil {
		return fmt.Errorf("starting an instance: %w", err)
	}
	g := &generation{Process: started}
	p.now = g
	go p.watch(g)
	return nil
}

// watch replaces a process that ends although nobody asked it to.
func (p *instance) watch(g *generation) {
	<-g.Ended()
	p.ending.Lock()
	defer p.ending.Unlock()
	if !g.over {
		p.replace(false)
	}
}

func (p *instance) slots() int { return p.capacity }

func (p *instance) do(ctx context.Context, inv platform.Invocation) platform.Result {
	_ = p.current() // an invocation needs a process
	return p.invoke(ctx, inv)
}

// current waits until there is a process, and returns it.
func (p *instance) current() *generation {
	p.running.RLock()
	defer p.running.RUnlock()
	return p.now
}

func (p *instance) restart(kill bool) {
	p.ending.Lock()
	defer p.ending.Unlock()
	p.replace(kill)
}

// replace ends the process and starts another. The caller holds ending.
func (p *instance) replace(kill bool) {
	p.running.Lock()
	defer p.running.Unlock()
	p.end(kill)
	p.ended()
	p.checker.printed(p.now.Output())
	if err := p.begin(); err != nil {
		p.checker.crashed(err.Error())
	}
}

// end ends the process, unless it has ended by itself. A killed process loses its work; one that is stopped finishes it.
func (p *instance) end(kill bool) {
	p.now.over = true
	select {
	case <-p.now.Ended():
		output := p.now.Output()
		p.checker.crashed("a process ended by itself: " + output[max(0, len(output)-2000):])
		return
	default:
	}
	if kill {
		p.now.Kill()
		return
	}
	if code, err := p.now.Stop(30 * time.Second); err != nil || code != 0 {
		p.checker.crashed(fmt.Sprintf("after SIGTERM: exit %d, %v", code, err))
	}
}

func (p *instance) close() {
	p.ending.Lock()
	defer p.ending.Unlock()
	p.end(false)
	p.checker.printed(p.now.Output())
	p.runtime.close()
}
