package fc

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestDrain(t *testing.T) {
	t.Parallel()
	const grace = 10 * time.Second
	tests := []struct {
		name  string
		run   func(f *flight)
		took  time.Duration
		wants error
	}{
		{"nothing runs", func(*flight) {}, 0, nil},
		{"ended before", func(f *flight) { f.begin(time.Now().Add(time.Hour)); f.end() }, 0, nil},
		{"ends in time", func(f *flight) {
			f.begin(time.Now().Add(time.Minute))
			time.AfterFunc(20*time.Second, f.end)
		}, 20 * time.Second, nil},
		{"the last one counts", func(f *flight) {
			f.begin(time.Now().Add(time.Minute))
			f.begin(time.Now().Add(time.Second))
			time.AfterFunc(time.Second, f.end)
			time.AfterFunc(30*time.Second, f.end)
		}, 30 * time.Second, nil},
		{"deadline long over", func(f *flight) { f.begin(time.Now().Add(-time.Hour)) }, 0, errUnfinished},
		{"never ends", func(f *flight) { f.begin(time.Now().Add(time.Minute)) }, 70 * time.Second, errUnfinished},
		{"another begins meanwhile", func(f *flight) {
			f.begin(time.Now().Add(time.Second))
			time.AfterFunc(5*time.Second, func() { f.begin(time.Now().Add(time.Minute)) })
			time.AfterFunc(6*time.Second, f.end)
		}, 75 * time.Second, errUnfinished},
		{"another begins at the very end", func(f *flight) {
			f.begin(time.Now().Add(time.Second))
			time.AfterFunc(5*time.Second, func() {
				f.end()
				f.begin(time.Now().Add(time.Minute))
				time.AfterFunc(7*time.Second, f.end)
			})
		}, 12 * time.Second, nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f, begun := new(flight), time.Now()
				tc.run(f)
				if err := f.drain(grace); !errors.Is(err, tc.wants) {
					t.Errorf("got %v, want %v", err, tc.wants)
				}
				if took := time.Since(begun); took != tc.took {
					t.Errorf("took %v, want %v", took, tc.took)
				}
			})
		})
	}
}
