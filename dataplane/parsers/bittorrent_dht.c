// BitTorrent's distributed hash table (BEP 5): how it is told.
#include "dataplane/api/parser.h"

static const struct parser_pattern patterns[] = {
	{"d1:ad2:id20:", 12, 0, 12, DIR_TO_SERVER, false}, {"d1:ad2:id20:", 12, 0, 12, DIR_TO_CLIENT, false}, {0}};

const struct parser parser_bittorrent_dht = {
	.name = "bittorrent_dht", .proto = APP_BITTORRENT_DHT, .over = OVER_UDP, .patterns = patterns};
