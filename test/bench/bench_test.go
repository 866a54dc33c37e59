package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestShort runs the whole harness, so that it cannot rot. It judges no figure: whoever runs tests does other things too.
func TestShort(t *testing.T) {
	t.Chdir("../..")
	var out bytes.Buffer
	rows, err := run(t.Context(), "", true, &out)
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(out.String(), "\n"); lines != 1+len(rows) {
		t.Errorf("%d rows in\n%s", len(rows), &out)
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		row  row
		want string
		fail bool
	}{
		{row{ratio: 7}, "", false},
		{row{ratio: 1.1, target: 1.1}, "ok", false},
		{row{ratio: 1.32, target: 1.2}, "MISSED by 10%", false},
		{row{ratio: 1.5, target: 1.2}, "MISSED by 25%", true},
		{row{ratio: 65, target: 30, most: true}, "ok", false},
		{row{ratio: 27, target: 30, most: true}, "MISSED by 11%", false},
		{row{ratio: 20, target: 30, most: true}, "MISSED by 50%", true},
	} {
		if got := tc.row.verdict(); got != tc.want {
			t.Errorf("%+v: %q, want %q", tc.row, got, tc.want)
		}
		if err := regression([]row{{}, tc.row}); (err != nil) != tc.fail {
			t.Errorf("%+v: %v", tc.row, err)
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	rows := []row{{what: "a thing", ours: "3 ms", floor: "2 ms", ratio: 1.5, target: 1.2}, {what: "another", ours: "1"}}
	if err := write(&out, rows); err != nil {
		t.Fatal(err)
	}
	want := `WHAT     OURS  FLOOR  RATIO  TARGET  
a thing  3 ms  2 ms   1.50   ≤ 1.2   MISSED by 25%
another  1                           
`
	if out.String() != want {
		t.Errorf("got\n%s", &out)
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	if odd, even := median([]int{9, 1, 5}), median([]float64{4, 1, 3, 2}); odd != 5 || even != 2.5 {
		t.Errorf("got %d and %g", odd, even)
	}
}
