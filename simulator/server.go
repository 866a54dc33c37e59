package simulator

import (
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
)

// ServeHTTP answers a request as a server: both products on one handler, told apart by Version and Action.
// Cut connections are cut for real, with a reset where the transport has one.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m, err := read(r)
	if err != nil {
		http.Error(w, "the request cannot be read", http.StatusBadRequest)
		return
	}
	a := c.exchange(r.Context(), m)
	switch a.cut {
	case hang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case refused, reset:
		sever(w)
	default:
		a.write(w, r)
	}
}

func (a answer) write(w http.ResponseWriter, r *http.Request) {
	maps.Copy(w.Header(), a.header())
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	if _, err := io.Copy(flusher{w}, a.reader(r.Context())); err != nil {
		panic(http.ErrAbortHandler) // the connection must not look as if the answer was complete
	}
}

// flusher sends each piece at once.
type flusher struct{ w http.ResponseWriter }

func (f flusher) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	if fl, ok := f.w.(http.Flusher); ok {
		fl.Flush()
	}
	return n, err
}

// sever resets the connection below a request.
func sever(w http.ResponseWriter) {
	h, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	conn, _, err := h.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // makes Close send a reset instead of a polite end
	}
	_ = conn.Close()
}
