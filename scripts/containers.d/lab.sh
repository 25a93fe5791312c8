# A place to run containers in, for the scripts beside this folder, which source it: a
# temporary folder, a network namespace without a way out, and an image in it. All of
# it is gone when the script ends.
#
# It is for Debian, as root, and works without systemd.

out=$(mktemp -d)
namespace=crosstalk-$$
image=localhost/crosstalk/bench:check

fail() { echo "$*" >&2; exit 1; }

# packaged COMMAND PACKAGE...: installs the packages where the command is missing.
packaged() {
	command -v "$1" >/dev/null && return
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${@:2}" >/dev/null
}

# inside COMMAND...: runs it in the namespace. ip netns exec would mount /sys anew, and
# hide the cgroups.
inside() { nsenter --net="/run/netns/$namespace" "$@"; }

lab_up() {
	packaged ip iproute2
	packaged jq jq
	packaged podman podman buildah runc netavark aardvark-dns conmon catatonit iptables nftables uidmap
	ip netns add "$namespace"
	inside ip link set lo up
	mkdir "$out/podman"
	# runc, since crun refuses cgroups of both versions side by side.
	cat > "$out/podman/containers.conf" <<-CONF
		[containers]
		default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
		[engine]
		runtime = "runc"
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		tmp_dir = "$out/podman/tmp"
		[network]
		network_backend = "netavark"
		network_config_dir = "$out/podman/networks"
	CONF
	cat > "$out/podman/storage.conf" <<-CONF
		[storage]
		driver = "overlay"
		graphroot = "$out/podman/storage"
		runroot = "$out/podman/run"
	CONF
	export CONTAINERS_CONF=$out/podman/containers.conf CONTAINERS_STORAGE_CONF=$out/podman/storage.conf
}

# pod ARGUMENTS...: podman in the lab.
pod() { inside podman "$@"; }

lab_down() {
	[ ! -d "$out/podman" ] || {
		pod rm --all --force --time 0 >/dev/null || true
		pod network prune --force >/dev/null || true
		# Its storage's own mount, and what the namespace's name servers hold.
		umount "$out/podman/storage/overlay" 2>/dev/null || true
	}
	ip netns pids "$namespace" 2>/dev/null | xargs -r kill 2>/dev/null || true
	ip netns delete "$namespace" 2>/dev/null || true
	rm -rf "$out"
}

# prebuilt_image builds the program outside, and the image around it.
prebuilt_image() {
	mkdir -p "$out/image"
	mkdir -m 1777 "$out/image/data"
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$out/image/bench" ./cmd/bench
	pod build --quiet --format docker --file deploy/Dockerfile --target prebuilt --tag "$image" "$out/image" >/dev/null
}
