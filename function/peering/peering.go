// Package peering is the waist of peerguard: the types that all other rooms share, and nothing else.
//
// The facts it holds are those of the VpcPeer API, version 2022-01-01
// (https://www.alibabacloud.com/help/en/vpc/developer-reference/api-vpcpeer-2022-01-01-overview).
package peering

import (
	"context"
	"strings"
)

// Account is the id of an Alibaba Cloud account: decimal digits kept as text, never read through a number.
// The empty Account is an unknown one and does not equal any known one.
type Account string

// Known reports whether the account is known.
func (a Account) Known() bool { return a != "" }

// Status is the state of a connection, as the API writes it.
type Status string

// The states that the API documents. Any other value is unknown, and the guard never acts on it.
const (
	Creating  Status = "Creating"  // the requester has just sent the request
	Accepting Status = "Accepting" // pending: it waits for the accepter, the only state that can be rejected
	Updating  Status = "Updating"  // accepted, about to become active
	Activated Status = "Activated" // connected
	Rejected  Status = "Rejected"
	Expired   Status = "Expired" // neither accepted nor rejected within seven days
	Deleting  Status = "Deleting"
	Deleted   Status = "Deleted"
)

// Pending reports whether a connection in this state can be rejected.
func (s Status) Pending() bool { return s == Accepting }

// Active reports whether somebody has accepted: it is too late to reject.
func (s Status) Active() bool { return s == Updating || s == Activated }

// Closed reports whether the connection can never carry traffic (again).
func (s Status) Closed() bool {
	return s == Rejected || s == Expired || s == Deleting || s == Deleted
}

// Side is one end of a connection.
type Side struct {
	Account Account  `json:"account,omitempty"`
	Region  string   `json:"region,omitempty"`
	VPC     string   `json:"vpc,omitempty"`
	CIDRs   []string `json:"cidrs,omitempty"` // IPv4 and IPv6, as the API writes them
	Path    Path     `json:"path,omitempty"`  // of the account, as far as the resource directory was asked
}

// Connection is what the API says about one VPC peering connection now.
type Connection struct {
	ID        string // pcc-…
	Requester Side
	Accepter  Side
	Status    Status
	ManagedBy string // the Alibaba Cloud service that runs the connection, "" if its owner does
	Created   string // GmtCreate, 2006-01-02T15:04:05Z, for ordering only
	Expires   string // GmtExpired, 2006-01-02T15:04:05Z, of a connection that is pending or Expired, else ""
	Name      string // what the requester calls it: cleaned of all that does not print, 128 bytes at most
}

// Partition is where connections are listed and rejected: one account in one region.
type Partition struct {
	Account Account
	Region  string
}

// Role is a RAM role that is assumed to act for its account.
type Role struct {
	ARN        string // acs:ram::<account>:role/<name>
	ExternalID string // what the role's trust policy may ask for; "" if it does not
}

// Rejection asks for one RejectVpcPeerConnection.
type Rejection struct {
	ID          string // of the connection
	ClientToken string // makes repeats of the same rejection one effect; at most 64 ASCII characters
	DryRun      bool   // let the API check everything and change nothing

	// Still is called right before each attempt is sent, which can be long after the call began: a *Failure that it returns
	// ends the call. Nil means that nothing can change.
	Still func(context.Context) error
}

// The ASCII characters that ids, names and codes are made of. Regular expressions would cost a tenth of a millisecond at
// each start.
const (
	Digits  = "0123456789"
	Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + lower
	lower   = "abcdefghijklmnopqrstuvwxyz"
)

// MadeOf reports whether a text consists of 1 to most of these ASCII characters.
func MadeOf(characters, text string, most int) bool {
	return text != "" && len(text) <= most && strings.Trim(text, characters) == ""
}

// ValidID reports whether s has the form of a connection's instance id.
func ValidID(s string) bool {
	id, ok := strings.CutPrefix(s, "pcc-")
	return ok && MadeOf(lower+Digits, id, 60)
}

// ValidRegion reports whether s has the form of a region id.
func ValidRegion(s string) bool {
	return len(s) > 2 && MadeOf(lower, s[:2], 2) && MadeOf(lower+Digits+"-", s[2:], 62)
}

// ValidVPC reports whether s has the form of a VPC id.
func ValidVPC(s string) bool {
	id, ok := strings.CutPrefix(s, "vpc-")
	return ok && MadeOf(lower+Digits+"-", id, 60)
}

// ValidAccount reports whether s has the form of an account id.
func ValidAccount(s string) bool { return MadeOf(Digits, s, 20) }
