package fc

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"peerguard/function/peering"
)

// Headers of an invocation, the same on both runtimes
// (https://www.alibabacloud.com/help/en/functioncompute/fc/user-guide/context-and-log-format-1).
const (
	headerRequestID       = "X-Fc-Request-Id"
	headerAccessKeyID     = "X-Fc-Access-Key-Id"
	headerAccessKeySecret = "X-Fc-Access-Key-Secret" //nolint:gosec // a header's name
	headerSecurityToken   = "X-Fc-Security-Token"    //nolint:gosec // a header's name
	headerAccount         = "X-Fc-Account-Id"
	headerRegion          = "X-Fc-Region"
	headerDeadline        = "X-Fc-Function-Deadline" // epoch milliseconds
	headerTimeout         = "X-Fc-Function-Timeout"  // seconds
)

const (
	defaultTimeout = time.Minute    // used when the platform sends neither a deadline nor a timeout
	longestTimeout = 24 * time.Hour // the most that the platform grants
	longestID      = 128            // characters of a request id that are kept
)

// Invocation is what the platform says about one invocation. It must not be used for another one: the credentials expire.
type Invocation struct {
	RequestID   string          // letters, digits and ._:- only
	Account     peering.Account // the function's own; empty if the platform does not send an account id
	Region      string          // the function's own; empty if the platform does not send a region id
	Credentials peering.Credentials
}

// newInvocation keeps well-formed values only: the region becomes part of an API's address, the request id part of log
// lines.
func newInvocation(id, account, region string, c peering.Credentials) Invocation {
	inv := Invocation{RequestID: cleanID(id), Credentials: c}
	if peering.ValidAccount(account) {
		inv.Account = peering.Account(account)
	}
	if peering.ValidRegion(region) {
		inv.Region = region
	}
	return inv
}

// cleanID returns a request id that cannot forge a log line.
func cleanID(id string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("._:-", r):
			return r
		}
		return '_'
	}, id[:min(len(id), longestID)])
}

// deadline returns when the platform gives up on an invocation with these headers: the deadline that they name, else the
// timeout that they name from now on, else a minute from now.
func deadline(h http.Header, now time.Time) time.Time {
	if ms, err := strconv.ParseInt(h.Get(headerDeadline), 10, 64); err == nil && ms > 0 {
		return time.UnixMilli(ms)
	}
	return now.Add(timeout(h))
}

func timeout(h http.Header) time.Duration {
	s, err := strconv.Atoi(h.Get(headerTimeout))
	if err != nil || s <= 0 || s > int(longestTimeout/time.Second) {
		return defaultTimeout
	}
	return time.Duration(s) * time.Second
}
