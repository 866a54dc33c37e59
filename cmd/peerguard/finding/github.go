package finding

import (
	"fmt"
	"strings"

	"peerguard/cmd/peerguard/plain"
)

// GitHub returns a line for each finding that GitHub Actions shows as an annotation at its place:
// https://docs.github.com/actions/reference/workflow-commands-for-github-actions
func GitHub(findings []Finding) string {
	var b strings.Builder
	for i := range findings {
		b.WriteString(findings[i].annotation())
	}
	return b.String()
}

var (
	annotationText  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	annotationValue = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func (f *Finding) annotation() string {
	command := string(f.Severity)
	if f.Severity == Note {
		command = "notice"
	}
	properties := "file=" + value(f.path())
	if f.Line > 0 {
		properties += fmt.Sprintf(",line=%d,col=%d", f.Line, f.Column)
	}
	return fmt.Sprintf("::%s %s,title=%s::%s\n", command, properties, value("peerguard: "+f.Code), annotationText.Replace(plain.Text(f.Message)))
}

func value(text string) string { return annotationValue.Replace(plain.Text(text)) }
