/* In the place of png.c where libpng is absent. */
#include "data/image.h"

tenka_status tenka_png_decode(struct tenka_picture *p)
{
    return tenka_fail(p->err, TENKA_E_UNSUPPORTED,
                      "%s: this build cannot read PNG pictures; build Tenka with libpng (Debian: libpng-dev)", p->name);
}
