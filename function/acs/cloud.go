// Package acs makes one signed exchange with any API of Alibaba Cloud: it signs, sends, classifies errors, retries,
// keeps to quotas, and assumes roles. alibaba-cloud-sdk-go makes and signs the requests.
//
// The rooms of one API each are built on it. They know requests and answers; only this room knows error codes. Every
// error that leaves it is a *peering.Failure, and none holds a secret.
package acs

import (
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"peerguard/function/peering"
)

// Config is what a Cloud needs to know for the life of a process.
type Config struct {
	Endpoints Endpoints
	Transport http.RoundTripper // nil means a pooled HTTP/1.1 transport with the proxies of the environment
}

// Cloud holds what outlives an invocation: connections, the limiter of each quota, and the sessions of assumed roles.
// It is safe for concurrent use.
type Cloud struct {
	endpoints Endpoints
	transport http.RoundTripper
	limiters  *limiters
	sessions  *sessions
	sent      *atomic.Int64 // requests
}

// New returns a Cloud.
func New(cfg Config) *Cloud {
	c := &Cloud{endpoints: cfg.Endpoints, transport: cfg.Transport, limiters: newLimiters(), sessions: newSessions(), sent: new(atomic.Int64)}
	if c.transport == nil {
		c.transport = pooled()
	}
	return c
}

// mostAtOnce is how many connections are kept: as many as a sweep has calls in flight.
const mostAtOnce = 640

// pooled keeps a warm instance's connections: one TLS handshake for each host, not one for each call.
func pooled() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout: 5 * time.Second,
		MaxIdleConns:        mostAtOnce,
		MaxIdleConnsPerHost: mostAtOnce,
		IdleConnTimeout:     90 * time.Second,
	}
}

// Caller is on whose behalf an invocation makes calls.
type Caller struct {
	Account     peering.Account
	Region      string // chooses the STS endpoint
	Credentials peering.Credentials
}
