module peerguard

go 1.26

tool peerguard/function/cmd/peerguard
