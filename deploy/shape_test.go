package deploy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
)

// shape says what is wrong with a value that stands at a place; nil when nothing is.
type shape func(at string, value any) error

// mapping has all of the required keys and none but these and the optional ones.
func mapping(required, optional map[string]shape) shape {
	return func(at string, value any) error {
		m, ok := value.(map[string]any)
		if !ok {
			return fmt.Errorf("%s: not a mapping: %v", at, value)
		}
		var errs []error
		for _, key := range slices.Sorted(maps.Keys(required)) {
			if _, ok := m[key]; !ok {
				errs = append(errs, fmt.Errorf("%s.%s: missing", at, key))
			}
		}
		for _, key := range slices.Sorted(maps.Keys(m)) {
			check := required[key]
			if check == nil {
				check = optional[key]
			}
			if check == nil {
				errs = append(errs, fmt.Errorf("%s.%s: unknown key", at, key))
				continue
			}
			errs = append(errs, check(at+"."+key, m[key]))
		}
		return errors.Join(errs...)
	}
}

// list has one element at least, all of one shape.
func list(element shape) shape {
	return func(at string, value any) error {
		items, ok := value.([]any)
		if !ok || len(items) == 0 {
			return fmt.Errorf("%s: not a list with something in it: %v", at, value)
		}
		var errs []error
		for i, item := range items {
			errs = append(errs, element(fmt.Sprintf("%s[%d]", at, i), item))
		}
		return errors.Join(errs...)
	}
}

// text is a string that matches a pattern as a whole.
func text(pattern string) shape {
	whole := regexp.MustCompile(`(?s)^(?:` + pattern + `)$`)
	return func(at string, value any) error {
		if s, ok := value.(string); !ok || !whole.MatchString(s) {
			return fmt.Errorf("%s: not a string like %s: %v", at, pattern, value)
		}
		return nil
	}
}

// number lies in a range and on its grid.
func number(low, high, step float64) shape {
	return func(at string, value any) error {
		var n float64
		switch v := value.(type) {
		case int:
			n = float64(v)
		case float64:
			n = v
		default:
			return fmt.Errorf("%s: not a number: %v", at, value)
		}
		if steps := n / step; n < low || n > high || math.Abs(steps-math.Round(steps)) > 1e-9 {
			return fmt.Errorf("%s: not from %v to %v in steps of %v: %v", at, low, high, step, value)
		}
		return nil
	}
}

// is one of a few values.
func is(values ...any) shape {
	return func(at string, value any) error {
		if slices.Contains(values, value) {
			return nil
		}
		return fmt.Errorf("%s: not one of %v: %v", at, values, value)
	}
}

// flag is true or false.
func flag(at string, value any) error { return is(true, false)(at, value) }

// stringMap has string values only: a number there makes the tool fail.
func stringMap(key, value string) shape {
	return func(at string, v any) error {
		m, ok := v.(map[string]any)
		if !ok {
			return fmt.Errorf("%s: not a mapping: %v", at, v)
		}
		var errs []error
		for _, k := range slices.Sorted(maps.Keys(m)) {
			errs = append(errs, text(key)(at, k), text(value)(at+"."+k, m[k]))
		}
		return errors.Join(errs...)
	}
}

// jsonText is a string that holds JSON of a shape.
func jsonText(inner shape) shape {
	return func(at string, value any) error {
		s, ok := value.(string)
		if !ok {
			return fmt.Errorf("%s: not a string: %v", at, value)
		}
		var v any
		if err := json.Unmarshal([]byte(s), &v); err != nil {
			return fmt.Errorf("%s: not JSON: %w", at, err)
		}
		return inner(at, v)
	}
}

// either is one of two shapes.
func either(a, b shape) shape {
	return func(at string, value any) error {
		first := a(at, value)
		if first == nil || b(at, value) == nil {
			return nil
		}
		return first
	}
}

// empty is a mapping without keys.
var noKeys = mapping(nil, nil)
