package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"

	"peerguard/function/guard"
	"peerguard/function/peering"
	"peerguard/simulator"
)

// tableWidths are those at which tables are looked at.
var tableWidths = []int{60, 80, 100, 120, 160}

// realistic returns a report whose ids are as long as the cloud's.
func realistic() *guard.Report {
	side := func(account peering.Account, region, vpc string, cidrs ...string) peering.Side {
		return peering.Side{Account: account, Region: region, VPC: vpc, CIDRs: cidrs}
	}
	own := side("1234567890123456", "cn-shanghai", "vpc-uf6q7x2k9j4m1n8b5v3c0", "172.16.0.0/12")
	r := &guard.Report{Complete: true, Visited: 2, Counts: map[guard.Outcome]int{guard.Failed: 1, guard.Violation: 1, guard.WouldReject: 2, guard.Allowed: 45}}
	r.Connections = []guard.Entry{
		{
			InstanceID: "pcc-lnk0m24khwvtkm0000", Outcome: guard.WouldReject, Accepter: own, Reason: "no allow rule names account 2098765432109876",
			Requester: side("2098765432109876", "cn-hangzhou", "vpc-bp1vzjkp2q1xgnind6zbh", "10.0.0.0/8", "192.168.0.0/16", "2408:4004:1234:5600::/56"),
		},
		{
			InstanceID: "pcc-lnk0m24khwvtkm0001", Outcome: guard.WouldReject, Accepter: own,
			Reason:    "rule known-phisher rejects account 3098765432109876 (sends requests to every account it finds, 网络安全团队已经确认并且要求拒绝所有来自这个账号的请求)",
			Requester: side("3098765432109876", "ap-southeast-1", "vpc-t4nlm24khwvtkm8q1xgni", "10.1.0.0/16"),
		},
		{
			InstanceID: "pcc-lnk0m24khwvtkm0002", Outcome: guard.Violation, Accepter: own, Reason: "no allow rule names account 2098765432109876",
			Requester: side("2098765432109876", "cn-hangzhou", "vpc-bp1vzjkp2q1xgnind6zbh", "10.0.0.0/8"),
		},
		{
			InstanceID: "pcc-lnk0m24khwvtkm0003", Outcome: guard.Failed, Accepter: own,
			Error:     &guard.Error{Code: "QuotaExceeded.VpcPeerCountPerVpc", Message: "request 54B48E3D-DF70-471B-AA93-08E683A1B457 for pcc-lnk0m24khwvtkm0003 failed"},
			Requester: side("", "cn-hangzhou", "vpc-bp1vzjkp2q1xgnind6zbh"),
		},
	}
	return r
}

// ids are texts that must stay whole.
var ids = regexp.MustCompile(`[a-z]+-[0-9a-z]{15,}|\d{16}|[0-9A-F]{8}-[0-9A-F-]{27}|[0-9a-f:.]+/\d+|[a-z]+-[a-z]+(-\d)?|[A-Z]\w+\.\w+`)

// TestTablesFit: at each width the lines of a table fit, every id is whole, and the rows look as in the golden file.
func TestTablesFit(t *testing.T) {
	t.Parallel()
	r := realistic()
	var whole []string
	for _, e := range r.Connections {
		whole = append(whole, ids.FindAllString(fmt.Sprint(e.InstanceID, " ", e.Requester, e.Accepter, why(e)), -1)...)
	}
	if len(whole) < 25 {
		t.Fatalf("the report holds only %q", whole)
	}
	for _, width := range tableWidths {
		var stdout bytes.Buffer
		out := &console{stdout: &stdout, width: width}
		out.showReport(r, r.Connections)
		got := stdout.String()
		checkWidth(t, width, got)
		for _, id := range whole {
			if !strings.Contains(got, id) {
				t.Errorf("at %d columns %s is not whole:\n%s", width, id, got)
			}
		}
		if rows := strings.Contains(got, "\n connection  "); rows != (width >= tableColumns) {
			t.Errorf("at %d columns there are rows: %t", width, rows)
		}
		if strings.Contains(got, " \n") {
			t.Errorf("at %d columns a line ends in a blank", width)
		}
		golden(t, filepath.Join("testdata", "table", fmt.Sprintf("%03d.txt", width)), got)
	}
}

// checkWidth fails if a line of a table is too long. Other lines are sentences, which a terminal wraps.
func checkWidth(t *testing.T, width int, got string) {
	t.Helper()
	for line := range strings.Lines(got) {
		if n := text.StringWidthWithoutEscSequences(strings.TrimSuffix(line, "\n")); n > width && strings.HasPrefix(line, " ") {
			t.Errorf("a line has %d columns of %d:\n%s", n, width, line)
		}
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (to accept: go test -update); got\n%s", file, got)
	}
}

// TestCountsAddUp: of 49 connections a sweep counts 49, in its last line as well as above the tables, and --all lists each once.
func TestCountsAddUp(t *testing.T) {
	cloud := &simulator.Cloud{}
	simulated(t, cloud)
	seed := cloud.Items()
	for i := len(seed); i < 49; i++ {
		item := seed[i%len(seed)]
		item.InstanceID = fmt.Sprintf("pcc-lnk0m24khwvtkm%04d", i)
		cloud.Put(item)
	}
	rules := policyOf(t, strings.Replace(enforcing, "[cn-hangzhou]", "[cn-hangzhou, cn-shanghai, cn-beijing]", 1))
	for _, flags := range [][]string{nil, {"--all"}} {
		var stdout, stderr buffer
		run(t.Context(), append([]string{"sweep", "--policy", rules}, flags...), &console{stdout: &stdout, stderr: &stderr})
		got := stdout.String()
		if !strings.Contains(got, "\n49 connections in 3 partitions: ") {
			t.Errorf("with %q it prints\n%s\n%s", flags, got, &stderr)
		}
		_, last, _ := strings.Cut(got, " partitions: ")
		headings := regexp.MustCompile(`(?m)^\w+ \((\d+)\): `).FindAllStringSubmatch(got, -1)
		rows := regexp.MustCompile(`(?m)^ pcc-`).FindAllString(got, -1)
		counted, listed := sum(t, regexp.MustCompile(`(\d+) \w+`).FindAllStringSubmatch(last, -1)), sum(t, headings)
		if counted != 49 || listed != len(rows) || len(flags) > 0 && listed != 49 {
			t.Errorf("with %q it counts %d, heads %d and lists %d:\n%s", flags, counted, listed, len(rows), got)
		}
	}
}

func sum(t *testing.T, numbers [][]string) int {
	t.Helper()
	total := 0
	for _, n := range numbers {
		value, err := strconv.Atoi(n[1])
		if err != nil {
			t.Fatal(err)
		}
		total += value
	}
	return total
}

// TestTableColumns: the last column takes what is left. The others wrap only as far as it needs.
func TestTableColumns(t *testing.T) {
	t.Parallel()
	words := strings.TrimSpace(strings.Repeat("word ", 20)) // 99 columns
	for name, c := range map[string]struct {
		width int
		row   []any
		want  []int // nil: a block
	}{
		"roomy":                        {120, []any{"id", "a b", "c"}, []int{3, 5, 107}},
		"no terminal":                  {0, []any{"id", "a b", "c"}, []int{3, 5, 107}},
		"last one long":                {120, []any{"id", "a b", words + " " + words}, []int{3, 5, 107}},
		"another one long":             {120, []any{"id", words, "c"}, []int{3, 99, 13}},
		"both long":                    {120, []any{"id", words, words}, []int{3, 69, 43}},
		"narrow":                       {99, []any{"id", "a b", "c"}, nil},
		"a word that does not fit":     {120, []any{"id", "a b", strings.Repeat("x", 108)}, nil},
		"others that leave too little": {120, []any{"id", strings.Repeat("x", 96), words}, nil},
		"Chinese":                      {120, []any{"id", "a b", strings.Repeat("规", 108)}, []int{3, 5, 107}},
		"colour":                       {120, []any{"id", safe("\x1b[31m" + strings.Repeat("x", 98) + "\x1b[0m"), "c"}, []int{3, 98, 14}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := (&console{width: c.width}).newTable("one", "twice", "3")
			g.AppendRow(row(c.row...))
			if got := g.widths(); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("the widths are %v, want %v", got, c.want)
			}
		})
	}
}

// inBlocks finds the first line of a row that became a block.
var inBlocks = regexp.MustCompile(`(?m)^ (rule|case): +\S`)

// TestTablesOfCommands: the tables of check, explain and test fit as well.
func TestTablesOfCommands(t *testing.T) {
	rules := policyOf(t, `version: 1
mode: enforce
guard:
  regions: [cn-hangzhou]
allow:
  - name: payments may reach the ledger from production
    accounts: ["2098765432109876"]
    requester_vpcs: [vpc-bp1vzjkp2q1xgnind6zbh]
    requester_cidrs: [10.0.0.0/8, 192.168.0.0/16]
    reason: NET-1234
`)
	cases := filepath.Join(filepath.Dir(rules), "policy_test.yaml")
	if err := os.WriteFile(cases, []byte(`version: 1
cases:
  - name: payments may reach production with all of its networks
    requester: {account: "2098765432109876", region: cn-hangzhou, vpc: vpc-bp1vzjkp2q1xgnind6zbh, cidrs: [10.1.0.0/16]}
    accepter: {account: "1234567890123456", region: cn-shanghai, vpc: vpc-uf6q7x2k9j4m1n8b5v3c0}
    expect: allow
`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"check", rules}, {"test", cases},
		{"explain", "--policy", rules, "--requester", "2098765432109876", "--requester-vpc", "vpc-bp1vzjkp2q1xgnind6zbg", "--accepter", "1234567890123456"},
	} {
		for _, width := range tableWidths {
			var stdout, stderr bytes.Buffer
			if code := run(t.Context(), args, &console{stdout: &stdout, stderr: &stderr, width: width}); code != 0 {
				t.Errorf("%s: exit code %d\n%s", args, code, &stderr)
			}
			checkWidth(t, width, stdout.String())
			if blocks := inBlocks.MatchString(stdout.String()); width < tableColumns && !blocks || width == 160 && blocks {
				t.Errorf("%s prints at %d columns\n%s", args, width, &stdout)
			}
		}
	}
}

// TestSimulateHandsOnTheTerminal: the command that runs against the simulator writes to stdout itself, not through a pipe, so it
// sees whether that is a terminal and how wide it is.
func TestSimulateHandsOnTheTerminal(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there is no /dev/stdout")
	}
	stdout, err := os.Create(filepath.Join(t.TempDir(), "stdout"))
	if err != nil {
		t.Fatal(err)
	}
	defer stdout.Close()
	var stderr buffer
	args := []string{"simulate", "--listen", "127.0.0.1:0", "--", "sh", "-c", "echo here; test ! -p /dev/stdout"}
	if code := run(t.Context(), args, &console{stdin: strings.NewReader(""), stdout: stdout, stderr: &stderr}); code != 0 {
		t.Errorf("stdout of the command is a pipe: exit code %d\n%s", code, &stderr)
	}
	if text, err := os.ReadFile(stdout.Name()); err != nil || string(text) != "here\n" {
		t.Errorf("the command printed %q, %v", text, err)
	}
}

// TestColumnsOf: the variable COLUMNS says how wide tables are, even where the file is not a terminal. A value that is not a
// positive number does not count.
func TestColumnsOf(t *testing.T) {
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for value, want := range map[string]int{"": 0, "72": 72, "0": 0, "-5": 0, "wide": 0} {
		t.Setenv("COLUMNS", value)
		if got := columnsOf(file); got != want {
			t.Errorf("with COLUMNS=%q it is %d, want %d", value, got, want)
		}
	}
}
