# The version stands in the header, where programs see it: it becomes ${version}.
file(STRINGS include/tenka/context.h version REGEX "^#define TENKA_VERSION ")
string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" version "${version}")
