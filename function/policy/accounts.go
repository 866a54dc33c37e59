package policy

import (
	"bytes"
	"io/fs"
	"path"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"peerguard/function/peering"
)

// accountsFrom gives the account ids of the file that a rule names.
func (l *loader) accountsFrom(n *yaml.Node) []entry {
	name, ok := l.path(n, "accounts_from")
	if !ok {
		return nil
	}
	file := path.Join(path.Dir(l.doc.name), name)
	if list, ok := l.lists[file]; ok {
		return list
	}
	data, err := l.read(file)
	if err != nil {
		l.bad(n, "reading %s: %v", name, err)
		l.errs[len(l.errs)-1].cause = err
		return nil
	}
	if l.policy.Files == nil {
		l.policy.Files = map[string]string{}
	}
	l.policy.Files[name] = digest(data)
	l.lists[file] = l.accountList(newDocument(file, data))
	return l.lists[file]
}

// path gives the path of a file beside the decoder's own.
func (d *decoder) path(n *yaml.Node, key string) (string, bool) {
	name, ok := d.text(n, key)
	if ok && (!fs.ValidPath(name) || name == ".") {
		d.bad(n, "%s must be the path of a file in this file's folder or below, with slashes and without .., not %q", key, name)
		return "", false
	}
	return name, ok
}

// accountList reads one account id a line. What follows a # is a comment.
func (l *loader) accountList(doc *document) []entry {
	d := decoder{doc: doc}
	l.policy.texts[doc.name] = doc
	var list []entry
	if d.readable() {
		list = d.accountLines()
	}
	l.others = append(l.others, d.errs...)
	return list
}

func (d *decoder) accountLines() []entry {
	list := make([]entry, 0, d.doc.lines())
	for n := 1; n <= d.doc.lines(); n++ {
		line, _, _ := bytes.Cut(d.doc.raw(n), []byte("#"))
		text := bytes.TrimLeftFunc(line, unicode.IsSpace)
		id := bytes.TrimRightFunc(text, unicode.IsSpace)
		if len(id) == 0 {
			continue
		}
		column := 1 + utf8.RuneCount(line[:len(line)-len(text)])
		if e, ok := d.accountLine(string(id), n, column); ok {
			list = append(list, e)
		}
	}
	if len(list) == 0 && len(d.errs) == 0 {
		d.at(1, 1, "the file holds no account id: to allow nobody write allow: []")
	}
	return list
}

func (d *decoder) accountLine(id string, line, column int) (entry, bool) {
	e := entry{peering.Account(id), Position{d.doc.name, line, column}}
	if id == "*" {
		d.at(line, column, `"*" is for the key accounts only`)
		return e, false
	}
	if complaint := account(id); complaint != "" {
		d.at(line, column, "%s", complaint)
		return e, false
	}
	return e, true
}
