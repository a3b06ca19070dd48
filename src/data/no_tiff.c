/* In the place of tiff.c where libtiff is absent. */
#include "data/image.h"

tenka_status tenka_tiff_decode(struct tenka_picture *p)
{
    return tenka_fail(p->err, TENKA_E_UNSUPPORTED,
                      "%s: this build cannot read TIFF pictures; build Tenka with libtiff 4.5 (Debian: libtiff-dev)",
                      p->name);
}
