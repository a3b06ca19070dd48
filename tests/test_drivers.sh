#!/bin/sh
# test_drivers.sh TENKA LAYERS: what `tenka` makes of a Vulkan that does not start because a file of its loader is
# damaged, as after a package's upgrade on a full disk: the CPU is there all the same, and a sentence names the file.
# Then of devices of other kinds, which the layer in the folder LAYERS makes of the one that there is. Exit status 77:
# there is no loader.
set -u
tenka=$1 layers=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset VK_DRIVER_FILES VK_ICD_FILENAMES VK_ADD_DRIVER_FILES VK_LAYER_PATH VK_INSTANCE_LAYERS VK_LOADER_DEBUG \
    VK_LOADER_DRIVERS_DISABLE VK_LOADER_DRIVERS_SELECT
. "$(dirname "$0")/cli.sh"
# Under the address sanitizer: what the loader has leaked when it fails is its own.
echo 'leak:libvulkan.so' > "$work/leaks"
export LSAN_OPTIONS="suppressions=$work/leaks:print_suppressions=0"

# has FILE PATTERN WHAT: the file does, and no sentence is empty.
has() {
    grep -q -e "$2" "$1" || bad "$3: no '$2'"
    ! grep -q '^tenka: *$' "$work/err" || bad "$3: an empty sentence"
}

net='Flatten() Linear(4, 2)'
printf '\000\000\010\003\000\000\000\002\000\000\000\002\000\000\000\002abcdefgh' > "$work/train-images-idx3-ubyte"
printf '\000\000\010\001\000\000\000\002\000\001' > "$work/train-labels-idx1-ubyte"
cp "$work/train-images-idx3-ubyte" "$work/t10k-images-idx3-ubyte"
cp "$work/train-labels-idx1-ubyte" "$work/t10k-labels-idx1-ubyte"

# damaged WHAT PATTERN [VARIABLE=VALUE...]: in such an environment Vulkan does not start, for a reason with PATTERN in
# it.
damaged() {
    what=$1 pattern=$2
    shift 2
    env "$@" "$tenka" devices > "$work/out" 2> "$work/err" || bad "$what: status of devices"
    has "$work/out" '^  -\* cpu  *CPU$' "$what"
    has "$work/out" "$pattern" "$what"
    env "$@" "$tenka" devices --json > "$work/out" 2> "$work/err" || bad "$what: status of devices --json"
    has "$work/out" '"index":null,"name":"CPU".*"usable":true,"chosen":true' "$what"
    env "$@" "$tenka" train --data "$work" --epochs 1 --net "$net" > "$work/out" 2> "$work/err" ||
        bad "$what: status of train"
    has "$work/err" "^tenka: backend: cpu.*$pattern" "$what"
    for command in "train --data $work --epochs 1 --quiet" 'verify --op relu' 'bench --op relu --quick' \
        'summary --quiet' 'profile --steps 1'; do
        # shellcheck disable=SC2086
        env "$@" "$tenka" $command --backend vulkan > "$work/out" 2> "$work/err" && bad "$what: $command passes"
        has "$work/err" "^tenka: .*$pattern" "$what: $command"
        [ "$(wc -l < "$work/err")" = 1 ] || bad "$what: not one sentence of $command"
    done
    echo "ok: $what: $(tail -n 1 "$work/err")"
}

"$tenka" devices > "$work/out" 2> "$work/err"
if grep -q "Vulkan's loader was not found\|no Vulkan backend" "$work/out"; then
    echo "no loader"
    exit 77
fi

# ---- Drivers ----

mkdir -p "$work/xdg/vulkan/icd.d" "$work/home/.local/share/vulkan/icd.d" "$work/d"
cut=$work/d/cut.json
printf '{"file_format_version": "1.0.0", "ICD": {"library_path": "libvulkan_x.so",' > "$cut"
driver() {
    printf '{"file_format_version": "1.0.0", "ICD": {%s"api_version": "1.3.0"}}' "$1"
}
good=$(find /usr/share/vulkan/icd.d -name 'lvp_icd*.json' 2> /dev/null | head -n 1)
damaged 'a driver that is cut off' "$cut is no JSON (line 1" VK_ICD_FILENAMES="$cut"
damaged 'by its newer name' "$cut is no JSON" VK_DRIVER_FILES="$cut"
damaged 'beside a good one' "$cut is no JSON" VK_ICD_FILENAMES="$good:$cut"
damaged 'an added one' "$cut is no JSON" VK_ADD_DRIVER_FILES="$cut"
cp "$cut" "$work/xdg/vulkan/icd.d/a.json"
damaged 'in the configuration' "$work/xdg/vulkan/icd.d/a.json is no JSON" XDG_CONFIG_HOME="$work/xdg"
damaged 'in a folder of many' "$work/xdg/vulkan/icd.d/a.json is no JSON" XDG_DATA_DIRS="/usr/share:$work/xdg"
cp "$cut" "$work/home/.local/share/vulkan/icd.d/b.json"
damaged 'at home' "$work/home/.local/share/vulkan/icd.d/b.json is no JSON" -u XDG_DATA_HOME HOME="$work/home"
# Files that the loader passes over, until no driver is left.
driver '"library_path": "libvulkan_of_nobody.so", ' > "$work/d/missing.json"
damaged 'a library that is not there' "$work/d/missing.json cannot be loaded (libvulkan_of_nobody.so" \
    VK_ICD_FILENAMES="$work/d/missing.json"
driver '"library_path": "./text.so", ' > "$work/d/text.json"
echo text > "$work/d/text.so"
damaged 'a library that is none' "$work/d/text.json cannot be loaded ($work/d/./text.so" \
    VK_ICD_FILENAMES="$work/d/text.json"
driver '' > "$work/d/nameless.json"
damaged 'no library' "$work/d/nameless.json names no driver" VK_ICD_FILENAMES="$work/d/nameless.json"
: > "$work/d/empty.json"
damaged 'an empty file' "$work/d/empty.json is empty" VK_ICD_FILENAMES="$work/d/empty.json"
damaged 'no file' "cannot open $work/d/none.json" VK_ICD_FILENAMES="$work/d/none.json"

# blameless WHAT [VARIABLE=VALUE...]: Vulkan does not start, and none of the files is blamed for it.
blameless() {
    what=$1
    shift
    damaged "$what" 'no Vulkan driver could be started (VK_ERROR_INCOMPATIBLE_DRIVER): install' "$@"
}

# Drivers of programs of another size are healthy, and beside a driver that can be loaded no other one is to blame.
case $(getconf LONG_BIT) in
64) other=32 class='\001' ;;
*) other=64 class='\002' ;;
esac
driver '"library_path": "libvulkan_of_nobody.so", "library_arch": "'$other'", ' > "$work/d/arch.json"
driver '"library_path": "./class.so", ' > "$work/d/class.json"
{ printf "\\177ELF$class\\001\\001"; head -c 500 /dev/zero; } > "$work/d/class.so"
driver '"library_path": "libm.so.6", ' > "$work/d/idle.json"
blameless 'a driver of another size' VK_ICD_FILENAMES="$work/d/arch.json"
blameless 'a driver of another class' VK_ICD_FILENAMES="$work/d/class.json"
damaged 'a missing one beside those' "the driver of $work/d/missing.json cannot be loaded" \
    VK_ICD_FILENAMES="$work/d/arch.json:$work/d/class.json:$work/d/missing.json"
blameless 'one that is loaded' VK_ICD_FILENAMES="$work/d/missing.json:$work/d/idle.json"
blameless 'one that is disabled' VK_ICD_FILENAMES="$work/d/missing.json" VK_LOADER_DRIVERS_DISABLE='x,MISS*'
blameless 'one that is not selected' VK_ICD_FILENAMES="$work/d/missing.json" VK_LOADER_DRIVERS_SELECT='x*'
damaged 'one that is selected' "the driver of $work/d/missing.json cannot be loaded" \
    VK_ICD_FILENAMES="$work/d/missing.json" VK_LOADER_DRIVERS_SELECT='x,*sing*' VK_LOADER_DRIVERS_DISABLE='y'
if [ "$(id -u)" != 0 ]; then
    chmod 000 "$work/d/empty.json"
    damaged 'a file that nobody may read' "cannot open $work/d/empty.json" VK_ICD_FILENAMES="$work/d/empty.json"
fi

# ---- Layers ----

for kind in implicit explicit; do
    rm -rf "$work/xdg"
    mkdir -p "$work/xdg/vulkan/${kind}_layer.d"
    cp "$cut" "$work/xdg/vulkan/${kind}_layer.d/l.json"
    damaged "an $kind layer" "$work/xdg/vulkan/${kind}_layer.d/l.json is no JSON" XDG_CONFIG_HOME="$work/xdg"
done
damaged 'a layer by name' "$work/d/cut.json is no JSON" VK_LAYER_PATH="$work/d"

# ---- Devices of other kinds ----

# pretend VARIABLE=VALUE... COMMAND...: with a device that has them.
pretend() {
    env VK_LAYER_PATH="$layers" VK_INSTANCE_LAYERS=VK_LAYER_TENKA_lost VK_ICD_FILENAMES="$good" "$@" > "$work/out" \
        2> "$work/err"
}

# kind TYPE NAME: a device that AUTO does not take, however it is called.
kind() {
    pretend TENKA_TYPE="$1" "$tenka" devices || bad "$2: status of devices"
    has "$work/out" "^  0  $2 " "a device of the kind $2"
    has "$work/out" "picks the CPU: there is no discrete or integrated GPU that can be used, and .*device 0 ($2), is" \
        "a device of the kind $2"
    pretend TENKA_TYPE="$1" "$tenka" train --data "$work" --epochs 1 --net "$net" || bad "$2: status of train"
    has "$work/err" "^tenka: backend: cpu.*(no discrete or integrated GPU was found; the Vulkan device .* ($2) is" \
        "a device of the kind $2"
    pretend TENKA_TYPE="$1" "$tenka" verify --op relu || bad "$2: status of verify"
    has "$work/out" "^device   cpu.*('tenka devices' says why)" "verify beside $2"
    echo "ok: a device of the kind $2"
}

if [ -n "$good" ]; then
    export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0" # drivers leak when they are unloaded
    kind 0 other
    kind 3 virtual
    kind 4 software
    # No timestamps, or some that are no times: whole steps are shown, and never a number that is none.
    for without in TENKA_TIMESTAMP_BITS=0 TENKA_TIMESTAMP_PERIOD=0; do
        profile="profile --backend vulkan --steps 2 --input 1,2,2 --batch-size 2 --quiet"
        # shellcheck disable=SC2086
        pretend $without "$tenka" $profile --net "$net" || bad "$without: status of profile"
        has "$work/out" '^step .* untimed and waited for; batch 2' "$without"
        has "$work/out" 'its dispatches are not shown: .* has no timestamps' "$without"
        # shellcheck disable=SC2086
        pretend $without "$tenka" $profile --net "$net" --json || bad "$without: status of profile --json"
        has "$work/out" '"not_timed":".*no timestamps.*"untimed_ms":[0-9.]*,"timed_ms":null,"device_ms":null' \
            "$without"
        # shellcheck disable=SC2086
        pretend $without "$tenka" $profile --net "$net" --trace "$work/trace" && bad "$without: a trace of nothing"
        has "$work/err" '^tenka: --trace cannot be written: .* has no timestamps' "$without"
        pretend $without "$tenka" bench --backend vulkan --quick --seconds 0.01 --net "$net" --input 1,2,2 \
            --batch-size 2 || bad "$without: status of bench"
        has "$work/err" '^tenka: warning: .* has no timestamps.*: only whole steps are measured' "$without"
        has "$work/out" '^  training  ' "$without"
        ! grep -q -i -e ' -*nan' -e ' inf ' "$work/out" || bad "$without: a number that is none"
        pretend $without "$tenka" bench --backend vulkan --quick --op relu && bad "$without: kernels are measured"
        has "$work/err" '^tenka: .* has no timestamps' "$without"
        echo "ok: $without"
    done
    # With as little shared memory as docs/portability.md says, each case has a variant; with less the device says so.
    for op in linear sum batch_norm2d attention; do
        pretend TENKA_SHARED_MEMORY=8448 "$tenka" verify --backend vulkan --op $op || bad "$op: status of verify"
        has "$work/out" "^this device can be trusted with $op: [0-9]* cases are right$" "8448 bytes"
    done
    pretend TENKA_SHARED_MEMORY=8447 "$tenka" devices || bad "status of devices with 8447 bytes"
    has "$work/out" 'its workgroups share 8447 bytes of memory and Tenka needs 8448' "8447 bytes"
    pretend TENKA_SHARED_MEMORY=8447 "$tenka" verify --op relu --backend vulkan && bad "8447 bytes are enough"
    has "$work/err" '^tenka: .*its workgroups share 8447 bytes of memory and Tenka needs 8448' "8447 bytes"
    echo "ok: shared memory"
    for type in 1,integrated 2,discrete; do
        pretend TENKA_TYPE=${type%,*} "$tenka" devices || bad "$type: status of devices"
        has "$work/out" "picks device 0: the first usable one of the best kind here, ${type#*,}" "$type"
    done
fi
verdict
