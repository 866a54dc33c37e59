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
	defaultTimeout = time.Minute    // of an invocation where the platform says neither deadline nor timeout
	longestTimeout = 24 * time.Hour // that the platform grants
	longestID      = 128            // characters of a request id that are kept
)

// Invocation is what the platform says of one invocation. It is good for that invocation only:
// the credentials expire.
type Invocation struct {
	RequestID   string          // letters, digits and ._:- only
	Account     peering.Account // the function's own; empty where the platform names none that is an account id
	Region      string          // the function's own; empty where the platform names none that is a region id
	Credentials peering.Credentials
}

// newInvocation takes over what is well-formed and nothing else: the region becomes part of an API's address,
// the request id part of log lines.
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

// cleanID makes a request id that cannot forge a log line.
func cleanID(id string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("._:-", r):
			return r
		}
		return '_'
	}, id[:min(len(id), longestID)])
}

// deadline is when the platform gives an invocation up that it sent with these headers: the deadline it names,
// else now and the timeout it names, else now and a minute.
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
