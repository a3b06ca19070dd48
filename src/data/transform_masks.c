/* Transforms of masks: what a transform of pictures does to classes of pixels. */
#include "data/transform.h"

/* The places of arguments: -1, there is none. */
struct rule {
    bool moves; /* pixels; else the step does nothing to a mask */
    int filter, fill;
};

/* Of the classes that move pixels. What they draw is drawn by their place in the text, so that others can be left out. */
static struct rule rule_of(enum tenka_step_kind kind)
{
    switch (kind) {
    case TENKA_STEP_COMPOSE:
    case TENKA_STEP_APPLY:
    case TENKA_STEP_CHOICE:
    case TENKA_STEP_ORDER:
    case TENKA_STEP_CENTER_CROP:
    case TENKA_STEP_FLIP_X:
    case TENKA_STEP_FLIP_Y: return (struct rule){true, -1, -1};
    case TENKA_STEP_RESIZE: return (struct rule){true, RESIZE_INTERPOLATION, -1};
    case TENKA_STEP_RESIZED_CROP: return (struct rule){true, RESIZED_INTERPOLATION, -1};
    case TENKA_STEP_RANDOM_CROP: return (struct rule){true, -1, CROP_FILL};
    case TENKA_STEP_PAD: return (struct rule){true, -1, PAD_FILL};
    case TENKA_STEP_ROTATION: return (struct rule){true, ROTATION_INTERPOLATION, ROTATION_FILL};
    case TENKA_STEP_AFFINE: return (struct rule){true, AFFINE_INTERPOLATION, AFFINE_FILL};
    case TENKA_STEP_PERSPECTIVE: return (struct rule){true, PERSPECTIVE_INTERPOLATION, PERSPECTIVE_FILL};
    case TENKA_STEP_RAND_AUGMENT: return (struct rule){true, RAND_INTERPOLATION, RAND_FILL};
    case TENKA_STEP_TRIVIAL_AUGMENT: return (struct rule){true, TRIVIAL_INTERPOLATION, TRIVIAL_FILL};
    case TENKA_STEP_AUTO_AUGMENT: return (struct rule){true, AUTO_INTERPOLATION, AUTO_FILL};
    default: return (struct rule){false, -1, -1};
    }
}

static void adapt(struct tenka_step *step)
{
    const struct rule rule = rule_of(step->kind);
    if (!rule.moves) {
        step->kind = TENKA_STEP_COMPOSE; /* of nothing */
        step->child = NULL;
        step->children = 0;
    }
    if (rule.filter >= 0)
        step->arg[rule.filter][0] = TENKA_FILTER_NEAREST;
    if (rule.fill >= 0) {
        step->arg[rule.fill][0] = TENKA_MASK_NOTHING;
        step->count[rule.fill] = 0;
    }
    step->coloured = false;
    for (struct tenka_step *child = step->child; child != NULL; child = child->next)
        adapt(child);
}

void tenka_transform_for_masks(tenka_transform *transform)
{
    adapt(transform->root);
    transform->masks = true;
}
