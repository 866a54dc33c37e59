package main

import (
	"strings"
	"testing"
)

// TestNoticeHoldsEveryLicence: all files that look like a licence or a notice, whole, with the module's name and version.
func TestNoticeHoldsEveryLicence(t *testing.T) {
	t.Parallel()
	one := folder(t, map[string]string{"LICENSE": "text one\n", "NOTICE.txt": "text two", "main.go": "package main"})
	two := folder(t, map[string]string{"Copying": "text three", "licenses/other": "text four"})
	p := contents{}
	if err := p.addNotice([]module{{"example.com/one", "v1.0.0", one}, {"example.com/two", "v2.0.0", two}}); err != nil {
		t.Fatal(err)
	}
	notice := string(p["NOTICE"].data)
	for _, want := range []string{"\nexample.com/one v1.0.0\n", "\ntext one\n", "\ntext two\n", "\nexample.com/two v2.0.0\n", "\ntext three\n"} {
		if !strings.Contains(notice, want) {
			t.Errorf("the notice lacks %q:\n%s", want, notice)
		}
	}
	if strings.Contains(notice, "package main") {
		t.Errorf("the notice holds source:\n%s", notice)
	}
}

// TestModuleWithoutLicenceIsAnError: a notice alone does not permit anything.
func TestModuleWithoutLicenceIsAnError(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]map[string]string{
		"nothing":     {"main.go": "package main"},
		"notice only": {"NOTICE": "text"},
	} {
		p := contents{}
		err := p.addNotice([]module{{"example.com/bare", "v1.0.0", folder(t, files)}})
		if err == nil || !strings.Contains(err.Error(), "example.com/bare v1.0.0") || len(p) > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
