package simulator

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"peerguard/function/peering"
)

// ParseFault reads a fault from text: an action or *, the kind, and options, separated by colons.
// An option is a number (Count), the word applied, or a key with a value: count=, skip=, every=, p= (Probability), seed=,
// for=, code=, status=, keys=, instance=, account= or region=.
//
//	RejectVpcPeerConnection:throttle:3
//	*:internal:p=0.2:seed=7
//	GetVpcPeerConnectionAttribute:stale-read:every=2:for=3s
//	*:api-error:code=IdempotentProcessing:status=403
//	ListVpcPeerConnections:missing-keys:keys=AcceptingVpc.Ipv4Cidrs,RegionId
//
// An error says what was not understood and what is accepted.
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

var (
	codeForm  = regexp.MustCompile(`^[A-Za-z0-9]+(\.[A-Za-z0-9]+)*$`)
	pathsForm = regexp.MustCompile(`^[A-Za-z0-9]+([.,][A-Za-z0-9]+)*$`)
)

// option is one option of a fault in text.
type option struct {
	key   string
	parse func(f *Fault, value string) error
	value func(f Fault) any
}

// options are all options with a value, in the order in which String writes them.
var options = []option{
	{"count", func(f *Fault, s string) error { return parse(&f.Count, s, natural) }, func(f Fault) any { return f.Count }},
	{"skip", func(f *Fault, s string) error { return parse(&f.Skip, s, natural) }, func(f Fault) any { return f.Skip }},
	{"every", func(f *Fault, s string) error { return parse(&f.Every, s, natural) }, func(f Fault) any { return f.Every }},
	{"p", func(f *Fault, s string) error { return parse(&f.Probability, s, probability) }, func(f Fault) any { return f.Probability }},
	{"seed", func(f *Fault, s string) error { return parse(&f.Seed, s, seed) }, func(f Fault) any { return f.Seed }},
	{"for", func(f *Fault, s string) error { return parse(&f.For, s, duration) }, func(f Fault) any { return f.For }},
	{"code", func(f *Fault, s string) error { return parse(&f.Code, s, errorCode) }, func(f Fault) any { return f.Code }},
	{"status", func(f *Fault, s string) error { return parse(&f.Status, s, httpStatus) }, func(f Fault) any { return f.Status }},
	{"keys", func(f *Fault, s string) error { return parse(&f.Keys, s, keyPaths) }, func(f Fault) any { return f.Keys }},
	{"instance", func(f *Fault, s string) error { return parse(&f.Instance, s, instanceID) }, func(f Fault) any { return f.Instance }},
	{"account", func(f *Fault, s string) error { return parse(&f.Account, s, accountOf) }, func(f Fault) any { return f.Account }},
	{"region", func(f *Fault, s string) error { return parse(&f.Region, s, regionID) }, func(f Fault) any { return f.Region }},
}

// setOption reads one option into the fault.
func setOption(f *Fault, text string) error {
	if text == "applied" {
		f.Applied = true
		return nil
	}
	key, value, pair := strings.Cut(text, "=")
	if !pair {
		key, value = "count", text
	}
	i := slices.IndexFunc(options, func(o option) bool { return o.key == key })
	if i < 0 {
		return fmt.Errorf("no option %q; want a number, applied, %s", text, optionKeys())
	}
	if err := options[i].parse(f, value); err != nil {
		return fmt.Errorf("option %q: %w", text, err)
	}
	return nil
}

func optionKeys() string {
	keys := make([]string, len(options))
	for i, o := range options {
		keys[i] = o.key + "="
	}
	return strings.Join(keys[:len(keys)-1], ", ") + " or " + keys[len(keys)-1]
}

// String returns the fault in the form that ParseFault reads.
func (f Fault) String() string {
	parts := []string{f.Action, string(f.Kind)}
	if f.Action == "" {
		parts[0] = "*"
	}
	for _, o := range options {
		if v := o.value(f); !reflect.ValueOf(v).IsZero() {
			parts = append(parts, fmt.Sprintf("%s=%v", o.key, v))
		}
	}
	if f.Applied {
		parts = append(parts, "applied")
	}
	return strings.Join(parts, ":")
}

func parse[T any](to *T, s string, read func(string) (T, error)) (err error) {
	*to, err = read(s)
	return err
}

func natural(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 0, errors.New("want a whole number above 0")
	}
	return n, nil
}

func probability(s string) (float64, error) {
	p, err := strconv.ParseFloat(s, 64)
	if err != nil || !(p > 0 && p <= 1) {
		return 0, errors.New("want a probability above 0 and at most 1")
	}
	return p, nil
}

func seed(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, errors.New("want a whole number")
	}
	return n, nil
}

func duration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, errors.New("want a duration, such as 3s")
	}
	return d, nil
}

func errorCode(s string) (string, error) {
	if !codeForm.MatchString(s) {
		return "", errors.New("want an error code, such as Throttling.User")
	}
	return s, nil
}

func httpStatus(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 200 || n > 599 {
		return 0, errors.New("want an HTTP status from 200 to 599")
	}
	return n, nil
}

func keyPaths(s string) (string, error) {
	if !pathsForm.MatchString(s) {
		return "", errors.New("want keys of an answer, such as RegionId,Vpc.Ipv4Cidrs")
	}
	return s, nil
}

func instanceID(s string) (string, error) {
	if !peering.ValidID(s) {
		return "", errors.New("want an instance id, such as pcc-1")
	}
	return s, nil
}

func accountOf(s string) (peering.Account, error) {
	if !peering.ValidAccount(s) {
		return "", errors.New("want an account id")
	}
	return peering.Account(s), nil
}

func regionID(s string) (string, error) {
	if !peering.ValidRegion(s) {
		return "", errors.New("want a region id, such as cn-hangzhou")
	}
	return s, nil
}
