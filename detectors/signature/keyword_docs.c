// Writes docs/keywords.md from the keyword table; run by scripts/gen-docs. Not installed.
#include "detectors/signature/signature.h"

int main(void)
{
	signature_keywords_dump(stdout);
	return 0;
}
