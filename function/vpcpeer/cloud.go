// Package vpcpeer is the cloud: the VpcPeer API (2022-01-01) and, for member accounts, AssumeRole of STS
// (2015-04-01), in requests that alibaba-cloud-sdk-go makes and signs.
//
// It is the only room that knows the SDK, the API's error codes, quotas and retries. Every error that leaves it is a
// *peering.Failure, and none holds a credential.
package vpcpeer

import (
	"net"
	"net/http"
	"net/url"
	"time"

	"peerguard/function/peering"
)

// defaultHost serves the VpcPeer API for all regions.
const defaultHost = "vpcpeer.aliyuncs.com"

// Config is what a Cloud needs to know for the life of a process.
type Config struct {
	Endpoint    *url.URL          // of the VpcPeer API: scheme and host; nil means https://vpcpeer.aliyuncs.com
	STSEndpoint *url.URL          // of the STS API: scheme and host; nil means https://sts.<region>.aliyuncs.com
	Transport   http.RoundTripper // nil means a pooled HTTP/1.1 transport with the proxies of the environment
}

// Cloud holds what outlives an invocation: connections, the pace of each quota, and the sessions of assumed roles.
// It is safe for concurrent use.
type Cloud struct {
	endpoint    *url.URL
	stsEndpoint *url.URL
	transport   http.RoundTripper
	pace        *pace
	sessions    *sessions
}

// New makes a Cloud.
func New(cfg Config) *Cloud {
	c := &Cloud{
		endpoint:    cfg.Endpoint,
		stsEndpoint: cfg.STSEndpoint,
		transport:   cfg.Transport,
		pace:        newPace(),
		sessions:    newSessions(),
	}
	if c.endpoint == nil {
		c.endpoint = &url.URL{Scheme: "https", Host: defaultHost}
	}
	if c.transport == nil {
		c.transport = pooled()
	}
	return c
}

// pooled keeps a warm instance's connections: one TLS handshake for each host, not one for each call.
func pooled() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout: 5 * time.Second,
		MaxIdleConns:        128,
		MaxIdleConnsPerHost: 128,
		IdleConnTimeout:     90 * time.Second,
	}
}

// Credentials sign calls. They are secret: never log or marshal them.
type Credentials struct {
	AccessKeyID     string
	AccessKeySecret string
	SecurityToken   string
}

// Caller is on whose behalf an invocation calls.
type Caller struct {
	Account     peering.Account
	Region      string
	Credentials Credentials
	Roles       map[peering.Account]string // ARN of the role to assume, by the account that it guards
}

// As gives the calls of one invocation.
func (c *Cloud) As(caller Caller) *Session { return &Session{cloud: c, caller: caller} }

// Session is the cloud as one invocation sees it. It is safe for concurrent use.
//
// All its calls respect their context, retry what is worth retrying until a second before its deadline,
// and keep to the quota of the partition that they are made in. Their errors are *peering.Failure.
type Session struct {
	cloud  *Cloud
	caller Caller
}
