package platform

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"
)

// Status answers a call with nothing but a status: for Intercept.
func Status(w http.ResponseWriter, code int) bool {
	w.WriteHeader(code)
	return true
}

// Hang holds a call until the function gives it up or the time is over: for Intercept.
func Hang(r *http.Request, d time.Duration) bool {
	select {
	case <-r.Context().Done():
	case <-time.After(d):
	}
	return true
}

// Drop closes the connection without an answer: for Intercept.
func Drop() bool { panic(http.ErrAbortHandler) }

// Transport is the Runtime without a network, for tests inside a testing/synctest bubble, which real sockets hang.
func (p *Runtime) Transport() http.RoundTripper { return roundTrip(p.roundTrip) }

type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip follows http.RoundTripper.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (p *Runtime) roundTrip(r *http.Request) (resp *http.Response, err error) {
	defer func() {
		v := recover()
		if aborted, ok := v.(error); ok && errors.Is(aborted, http.ErrAbortHandler) {
			resp, err = nil, fmt.Errorf("%s %s: connection reset", r.Method, r.URL.Path)
		} else if v != nil {
			panic(v)
		}
	}()
	if r.Body == nil {
		r = r.Clone(r.Context())
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}
