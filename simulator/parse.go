package simulator

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"peerguard/function/peering"
)

// Kinds gives the names of all faults, sorted.
func Kinds() []Kind { return slices.Sorted(maps.Keys(kinds)) }

// Actions gives the names of all actions, sorted.
func Actions() []string {
	var names []string
	for _, actions := range operations {
		names = slices.AppendSeq(names, maps.Keys(actions))
	}
	slices.Sort(names)
	return names
}

// ParseFault reads a fault from text: an action or *, the kind, and options, all between colons.
// An option is a number (Count), the word applied, or one of count=, skip=, every=, p=, seed=, instance=, account=,
// region= and for= with a value:
//
//	RejectVpcPeerConnection:throttle:3
//	*:internal:p=0.2:seed=7
//	GetVpcPeerConnectionAttribute:stale-read:every=2:for=3s
//
// An error names what it does not understand, and what it would.
func ParseFault(text string) (Fault, error) {
	f, err := parseFault(strings.Split(text, ":"))
	if err != nil {
		return Fault{}, fmt.Errorf("parsing fault %q: %w", text, err)
	}
	return f, nil
}

func parseFault(parts []string) (f Fault, err error) {
	if len(parts) < 2 {
		return f, errors.New("want ACTION:KIND, such as RejectVpcPeerConnection:throttle:3")
	}
	f.Action, f.Kind = parts[0], Kind(parts[1])
	if f.Action == "*" {
		f.Action = ""
	} else if !slices.Contains(Actions(), f.Action) {
		return f, fmt.Errorf("no action %q; want * or one of %s", f.Action, strings.Join(Actions(), ", "))
	}
	if _, ok := kinds[f.Kind]; !ok {
		return f, fmt.Errorf("no fault %q; want one of %s", f.Kind, join(Kinds()))
	}
	for _, text := range parts[2:] {
		if err := setOption(&f, text); err != nil {
			return f, err
		}
	}
	return f, nil
}

func join(ks []Kind) string {
	names := make([]string, len(ks))
	for i, k := range ks {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}

// setOption reads one option into the fault.
func setOption(f *Fault, text string) (err error) {
	key, value, pair := strings.Cut(text, "=")
	if !pair {
		key, value = "count", text
	}
	switch key {
	case "count":
		if text == "applied" {
			f.Applied = true
			return nil
		}
		f.Count, err = natural(value)
	case "skip":
		f.Skip, err = natural(value)
	case "every":
		f.Every, err = natural(value)
	case "p":
		f.Probability, err = chance(value)
	case "seed":
		f.Seed, err = strconv.ParseUint(value, 10, 64)
	case "for":
		f.For, err = span(value)
	case "instance":
		f.Instance, err = form(value, peering.ValidID, "an instance id, such as pcc-1")
	case "account":
		value, err = form(value, peering.ValidAccount, "an account id")
		f.Account = peering.Account(value)
	case "region":
		f.Region, err = form(value, peering.ValidRegion, "a region id, such as cn-hangzhou")
	default:
		return fmt.Errorf("no option %q; want a number, applied, count=, skip=, every=, p=, seed=, instance=, account=, region= or for=", text)
	}
	if err != nil {
		return fmt.Errorf("option %q: %w", text, err)
	}
	return nil
}

func natural(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 0, errors.New("want a whole number above 0")
	}
	return n, nil
}

func chance(s string) (float64, error) {
	p, err := strconv.ParseFloat(s, 64)
	if err != nil || !(p > 0 && p <= 1) {
		return 0, errors.New("want a probability above 0 and at most 1")
	}
	return p, nil
}

func span(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, errors.New("want a duration, such as 3s")
	}
	return d, nil
}

func form(s string, valid func(string) bool, what string) (string, error) {
	if !valid(s) {
		return "", errors.New("want " + what)
	}
	return s, nil
}

// String gives the fault as ParseFault reads it.
func (f Fault) String() string {
	parts := []string{f.Action, string(f.Kind)}
	if f.Action == "" {
		parts[0] = "*"
	}
	add := func(key string, value any, there bool) {
		if there {
			parts = append(parts, fmt.Sprintf("%s=%v", key, value))
		}
	}
	add("count", f.Count, f.Count != 0)
	add("skip", f.Skip, f.Skip != 0)
	add("every", f.Every, f.Every != 0)
	add("p", f.Probability, f.Probability != 0)
	add("seed", f.Seed, f.Seed != 0)
	add("for", f.For, f.For != 0)
	add("instance", f.Instance, f.Instance != "")
	add("account", f.Account, f.Account != "")
	add("region", f.Region, f.Region != "")
	if f.Applied {
		parts = append(parts, "applied")
	}
	return strings.Join(parts, ":")
}
