package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"peerguard/function/peering"
)

// Seed is what a Cloud starts with.
type Seed struct {
	Connections []Item
	Directory   *Directory // nil: none
	Regions     []string   // nil: every well-formed region id exists
}

// Plant puts a seed into the cloud.
func (c *Cloud) Plant(s Seed) {
	c.Regions = s.Regions
	c.Put(s.Connections...)
	if s.Directory != nil {
		c.SetDirectory(*s.Directory)
	}
}

// seedText is a seed as it is written.
type seedText struct {
	Connections *[]json.RawMessage `json:"connections"`
	Directory   *Directory         `json:"directory"`
	Regions     []string           `json:"regions"`
}

// Load reads a seed: one JSON object {"connections":[…]} with items as ListVpcPeerConnections shows them, and optionally
// "directory", a [Directory], and "regions", a list of ids. An item needs its id, owners, regions and status. Unknown keys
// of an item are ignored. An error names the place and the key.
func Load(r io.Reader) (Seed, error) {
	text, err := readSeed(r)
	if err != nil {
		return Seed{}, fmt.Errorf("reading seed: %w", err)
	}
	seed := Seed{make([]Item, len(*text.Connections)), text.Directory, text.Regions}
	ids := map[string]int{}
	for i, text := range *text.Connections {
		if err := parseItem(text, &seed.Connections[i]); err != nil {
			return Seed{}, fmt.Errorf("reading seed: connections[%d]: %w", i, err)
		}
		id := seed.Connections[i].InstanceID
		if first, taken := ids[id]; taken {
			return Seed{}, fmt.Errorf("reading seed: connections[%d]: InstanceId %q is already that of connections[%d]", i, id, first)
		}
		ids[id] = i
	}
	return seed, nil
}

func readSeed(r io.Reader) (seedText, error) {
	var seed seedText
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&seed); err != nil {
		return seed, plain(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return seed, errors.New("unexpected data after the JSON object")
	}
	if seed.Connections == nil {
		return seed, errors.New(`the key "connections" is missing`)
	}
	if err := validRegions(seed.Regions); err != nil {
		return seed, fmt.Errorf("regions: %w", err)
	}
	if err := seed.Directory.valid(); err != nil {
		return seed, fmt.Errorf("directory: %w", err)
	}
	return seed, nil
}

// needed are the keys that an item must have. An owner may be 0 but must be there.
var needed = []string{"InstanceId", "OwnerId", "AcceptingOwnerUid", "RegionId", "AcceptingRegionId", "Status"}

func parseItem(text []byte, it *Item) error {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(text, &keys); err != nil || keys == nil {
		return errors.New("want an object")
	}
	for _, k := range needed {
		if _, ok := keys[k]; !ok {
			return fmt.Errorf("the key %q is missing", k)
		}
	}
	if err := json.Unmarshal(text, it); err != nil {
		return plain(err)
	}
	return it.valid()
}

// valid returns what is wrong with the values that an item needs, or nil.
func (it *Item) valid() error {
	switch {
	case !peering.ValidID(it.InstanceID):
		return fmt.Errorf("%q is not an instance id (pcc-…)", it.InstanceID)
	case it.OwnerID < 0, it.AcceptingOwnerUID < 0:
		return errors.New("an owner is negative")
	case !peering.ValidRegion(it.RegionID):
		return fmt.Errorf("%q is not a region id", it.RegionID)
	case !peering.ValidRegion(it.AcceptingRegionID):
		return fmt.Errorf("%q is not a region id", it.AcceptingRegionID)
	case it.Status == "":
		return errors.New("the status is empty")
	}
	return nil
}

// plain translates the decoder's error from Go types to JSON types.
func plain(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s: want %s, got %s", wrong.Field, kindOf(wrong), wrong.Value)
	}
	return err
}

func kindOf(e *json.UnmarshalTypeError) string {
	switch kind := e.Type.Kind().String(); kind {
	case "int", "int64":
		return "a whole number"
	case "string":
		return "a string"
	case "slice":
		return "a list"
	default:
		return "an object"
	}
}

// The accounts in DefaultSeed.
const (
	SeedAccepter peering.Account = "1111111111111111" // the account to guard
	SeedAllowed  peering.Account = "2222222222222222" // its usual partner
	SeedPhisher  peering.Account = "3333333333333333"
	SeedStranger peering.Account = "6666666666666666"
)

// DefaultSeed returns a small world around SeedAccepter in cn-hangzhou and cn-shanghai: pending requests by a partner and
// by strangers, one connection that a stranger already has, one expired request, and one connection within the account.
func DefaultSeed(now time.Time) []Item {
	return []Item{
		seedItem(now, 1, "payments", SeedAllowed, "cn-hangzhou", "cn-shanghai", peering.Accepting, "10.1.0.0/16"),
		seedItem(now, 2, "urgent-audit", SeedPhisher, "cn-hangzhou", "cn-hangzhou", peering.Accepting, "10.66.0.0/16"),
		seedItem(now, 3, "backup-link", SeedPhisher, "cn-beijing", "cn-shanghai", peering.Accepting, "172.16.0.0/12"),
		seedItem(now, 4, "test", SeedStranger, "cn-shanghai", "cn-shanghai", peering.Accepting, "192.168.0.0/16"),
		seedItem(now, 5, "accepted-by-mistake", SeedStranger, "cn-hangzhou", "cn-hangzhou", peering.Activated, "10.77.0.0/16"),
		seedItem(now, 6, "forgotten", SeedPhisher, "cn-hangzhou", "cn-hangzhou", peering.Expired, "10.88.0.0/16"),
		seedItem(now, 7, "own", SeedAccepter, "cn-hangzhou", "cn-shanghai", peering.Activated, "10.2.0.0/16"),
	}
}

func seedItem(now time.Time, n int, name string, requester peering.Account, from, to string, s peering.Status, cidr string) Item {
	made := now.Add(-time.Duration(n) * time.Hour)
	if s == peering.Expired {
		made = made.Add(-pendingFor)
	}
	return Item{
		InstanceID:        fmt.Sprintf("pcc-seed%04d", n),
		OwnerID:           uid(requester),
		AcceptingOwnerUID: uid(SeedAccepter),
		RegionID:          from,
		AcceptingRegionID: to,
		Bandwidth:         1024,
		Status:            s,
		GmtCreate:         made.UTC().Format(TimeFormat),
		GmtExpired:        Time(made.Add(pendingFor).UTC().Format(TimeFormat)),
		Name:              name,
		VPC:               VPC{VpcID: fmt.Sprintf("vpc-requester%02d", n), Ipv4Cidrs: []string{cidr}},
		AcceptingVPC:      VPC{VpcID: "vpc-" + to, Ipv4Cidrs: []string{"10.0.0.0/16"}},
	}
}

// uid returns an account id as a number.
func uid(a peering.Account) int64 {
	var n int64
	for _, d := range a {
		n = n*10 + int64(d-'0')
	}
	return n
}
