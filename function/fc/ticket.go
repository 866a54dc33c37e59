package fc

import (
	"net/http"
	"strconv"
	"sync"
)

// tickets hold the events of the Go runtime. The SDK would read an event into a buffer that doubles as it grows, and keep it
// until the answer is out, so that the handler could not free it. The SDK gets a ticket instead, and handleGo redeems it.
// The zero tickets are ready to use.
type tickets struct {
	mu     sync.Mutex
	last   int
	events map[string][]byte
}

// issue returns the ticket for an event.
func (t *tickets) issue(event []byte) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.events == nil {
		t.events = map[string][]byte{}
	}
	t.last++
	ticket := strconv.Itoa(t.last)
	t.events[ticket] = event
	return ticket
}

// redeem returns the event for a ticket and forgets it.
func (t *tickets) redeem(ticket string) []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	event := t.events[ticket]
	delete(t.events, ticket)
	return event
}

// isHook reports whether the SDK calls one of its hooks instead of the handler: 1 initializer, 2 pre-stop, 3 pre-freeze.
func isHook(h http.Header) bool {
	kind, err := strconv.Atoi(h.Get("X-Fc-Function-Type"))
	return err == nil && kind >= 1 && kind <= 3
}
