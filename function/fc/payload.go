package fc

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"golang.org/x/sync/semaphore"
)

const (
	defaultMaxPayload = 6 << 20
	smallPayload      = 256 << 10 // bytes up to which an event never waits: EventBridge delivers no larger ones
	payloadBudget     = 32 << 20  // bytes that larger events may take at the same time: ten of 3 MiB
)

// payloads bounds what the events that are being handled take together: large ones wait until earlier ones are done.
type payloads struct {
	largest int64
	budget  *semaphore.Weighted
}

func newPayloads(largest int64) payloads {
	return payloads{largest, semaphore.NewWeighted(payloadBudget)}
}

// admit waits until there is room for an event of size bytes, -1 if the size is unknown. Release the same size when the
// event has been handled.
func (p payloads) admit(ctx context.Context, size int64) *Error {
	if n := p.weight(size); n > 0 && p.budget.Acquire(ctx, n) != nil {
		return &Error{Message: "waiting for other large events: the deadline came first", Type: Unresolved}
	}
	return nil
}

func (p payloads) release(size int64) { p.budget.Release(p.weight(size)) }

// weight is what an event of size bytes takes of the budget. One that is too large is not kept.
func (p payloads) weight(size int64) int64 {
	if size < 0 {
		size = p.largest
	}
	if size <= smallPayload || size > p.largest {
		return 0
	}
	return min(size, payloadBudget)
}

// read reads an event of size bytes, -1 if the size is unknown. If the event is too large, the rest is drained, so that we
// do not answer while the platform is still sending.
func (p payloads) read(body io.Reader, size int64) ([]byte, *Error) {
	var payload bytes.Buffer
	var err error
	if size <= p.largest {
		payload.Grow(int(max(size, 0)) + bytes.MinRead) // a buffer that has to grow takes twice as much
		_, err = payload.ReadFrom(io.LimitReader(body, p.largest+1))
	}
	if err == nil && max(size, int64(payload.Len())) > p.largest {
		_, _ = io.Copy(io.Discard, body)
		err = fmt.Errorf("more than %d bytes", p.largest)
	}
	if err != nil {
		return nil, &Error{Message: fmt.Sprintf("reading the event: %v", err), Type: InvalidEvent}
	}
	return payload.Bytes(), nil
}
