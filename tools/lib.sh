# For tools/quickstart and tools/check, which read this file with '.'.

# What the build needs, and what runs the reference network: Debian 12, 13 and Ubuntu use the same names.
# g++ has the C++ library that shaderc, which compiles edited kernels, is linked with.
# mesa-vulkan-drivers holds the drivers of AMD and Intel GPUs and the software device of the tests.
build_packages='gcc libc6-dev cmake ninja-build pkg-config zlib1g-dev libjansson-dev libzip-dev
    libpng-dev libjpeg-dev libwebp-dev libtiff-dev libshaderc-dev g++
    libvulkan-dev libvulkan-volk-dev glslc mesa-vulkan-drivers dataset-fashion-mnist'
test_packages='libcmocka-dev vulkan-validationlayers python3'
all_packages='clang libomp-dev'
# The weights' way to PyTorch and back and torchvision's models are tested where those are installed, captures where
# RenderDoc is; continuous integration installs all.
ci_packages='python3-torch python3-torchvision renderdoccmd librenderdoc-dev python3-renderdoc'

# stop_with_list WHY PACKAGE...
stop_with_list() {
    echo "$1. What is needed, as Debian names it:" >&2
    shift
    printf '    %s\n' "$@" >&2
    exit 1
}

# as_root COMMAND...: through sudo when needed.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# install_missing PACKAGE...: installs what is not there yet.
install_missing() {
    if ! command -v apt-get > /dev/null || ! command -v dpkg-query > /dev/null; then
        stop_with_list 'This system has no apt, so nothing was installed' "$@"
    fi
    missing=
    for package in "$@"; do
        state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null) || state=
        [ "$state" = installed ] || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ] && ! command -v sudo > /dev/null; then
        # shellcheck disable=SC2086
        stop_with_list 'Packages are missing, and without root or sudo they cannot be installed' $missing
    fi
    echo "== installing$missing"
    as_root apt-get -q update
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $missing
}
