// What the rule engine has to say of itself: its counters for stats, and what rules cost. Next: reload.c.
#include "ctl/sensor/sensor.h"

void rules_stats(const struct sensor *s)
{
	struct alert_gate_stats gate;

	if (!s->gate)
		return;
	alert_gate_stats(s->gate, &gate);
	// a match that the gate withholds was never an alert
	stats_add(s->stats, COUNTER_DETECT_ALERT, -gate.withheld);
	stats_add(s->stats, COUNTER_EVENTS_ALERT, -gate.withheld);
	stats_add(s->stats, COUNTER_DETECT_ALERTS_SUPPRESSED, gate.suppressed);
	stats_add(s->stats, COUNTER_DETECT_ALERT_QUEUE_OVERFLOW, gate.over_alert_max);
	for (uint16_t i = 0; i < s->workers; i++) {
		struct signature_stats w;
		signature_stats(s->signature[i], &w);
		stats_add(s->stats, COUNTER_DETECT_ALERTS_SUPPRESSED, w.suppressed);
		stats_add(s->stats, COUNTER_DETECT_ALERT_QUEUE_OVERFLOW, w.over_alert_max);
		stats_add(s->stats, COUNTER_DETECT_MATCH_LIMIT, w.match_limit_hits);
	}
}
