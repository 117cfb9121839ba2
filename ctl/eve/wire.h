// How a sensor and the daemon talk: a unix stream socket, lines of JSON both ways.
//
//	sensor: {"hello":"tocsin","protocol":1,"sensor":"<id>","name":"<name>","version":"..."}
//	daemon: {"hello":"tocsind","protocol":1,"have":<N>}      or {"error":"<why>"} and the end
//	sensor: {"sensor_seq":<n>,"timestamp":...}               EVE records, n rising by one
//	daemon: {"ack":<N>}                                      all up to N are on disk
//
// The id names a sensor (or one deterministic reading of captures) for ever; n counts its events from 1.
// The daemon stores each (id, n) once, so the sensor may send again whatever was not acknowledged: at
// least once on the wire, exactly once in the store. A number that is missing was lost by the sensor,
// which has counted it. Stats records carry no number: the daemon keeps one a sensor and timestamp.
#pragma once

#define WIRE_PROTOCOL 1
#define WIRE_SEQ_KEY "{\"sensor_seq\":" // how a numbered record begins
#define WIRE_SEQ_KEY_BYTES (sizeof(WIRE_SEQ_KEY) - 1)
#define WIRE_ID_BYTES 64u        // with NUL
#define WIRE_LINE_MAX (1u << 20) // bytes; longer ones end the connection
#define WIRE_REPLY_MAX 4096u     // of the daemon's lines
#define WIRE_SOCKET "/run/tocsin/events.sock"
#define WIRE_API_SOCKET "/run/tocsin/api.sock"
