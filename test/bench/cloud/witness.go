package main

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"peerguard/simulator"
	"peerguard/test/bench/world"
)

// maxMoments is how many moments are kept: enough for the first events of an instance.
const maxMoments = 100

// witness tells what it has seen of the cloud's connections and calls, and forgets it.
type witness struct {
	cloud *simulator.Cloud

	mu     sync.Mutex
	seen   world.Seen
	before simulator.Stats
}

func (w *witness) forget() {
	w.seen = world.Seen{Connections: map[string]int{}, Handshakes: map[string]int{}}
	w.before = w.cloud.Stats()
}

// ServeHTTP gives a world.Seen.
func (w *witness) ServeHTTP(out http.ResponseWriter, _ *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.cloud.Stats()
	w.seen.Calls, w.seen.Throttled = now.Calls-w.before.Calls, now.Throttled-w.before.Throttled
	_ = json.NewEncoder(out).Encode(w.seen) //nolint:errchkjson // whoever asked has gone, and has not been told
	w.forget()
}

// serve serves the cloud at a new address, with TLS where there is a certificate.
func (w *witness) serve(cert, key string) (url string, err error) {
	l, err := listen()
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: w.watch(w.cloud), ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	if cert == "" {
		url = "http://" + l.Addr().String()
		server.ConnState = w.connections(url)
		go server.Serve(l) //nolint:errcheck // ends with the process
		return url, nil
	}
	url = "https://" + l.Addr().String()
	server.ConnState = w.connections(url)
	server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: w.handshakes(url)}
	go server.ServeTLS(l, cert, key) //nolint:errcheck // as above
	return url, nil
}

// watch notes when calls come in and are answered.
func (w *witness) watch(h http.Handler) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.note("called")
		h.ServeHTTP(out, r)
		w.note("answered")
	})
}

func (w *witness) note(what string) {
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.seen.Moments) < maxMoments {
		w.seen.Moments = append(w.seen.Moments, world.Moment{What: what, At: now})
	}
}

// connections counts the connections of an API.
func (w *witness) connections(url string) func(net.Conn, http.ConnState) {
	return func(_ net.Conn, s http.ConnState) {
		if s != http.StateNew {
			return
		}
		w.note("accepted")
		w.mu.Lock()
		defer w.mu.Unlock()
		w.seen.Connections[url]++
	}
}

// handshakes counts TLS handshakes.
func (w *witness) handshakes(url string) func(*tls.ClientHelloInfo) (*tls.Config, error) {
	return func(*tls.ClientHelloInfo) (*tls.Config, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.seen.Handshakes[url]++
		return nil, nil //nolint:nilnil // the server's own configuration
	}
}
