package event

import "peerguard/function/peering"

// ClientToken returns the token that makes every delivery of the event one effect.
func (h Hint) ClientToken() string { return peering.EventToken(h.ID) }

// ClientToken returns the token that makes every delivery of the timer event one effect on a connection.
func (s *Sweep) ClientToken(instanceID string) string {
	return peering.SweepToken(s.TriggerTime, instanceID)
}
