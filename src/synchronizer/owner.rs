//! The server that a host is read from, where several have one of its name: pure.

use std::collections::BTreeMap;

use crate::activitywatch::Device;

/// Returns which devices of all servers to take: one for each host, and why the others are left out.
///
/// `listed` holds the place and the devices of each server that answers, `servers` the addresses of all. A host that
/// was read from one of the servers before stays with it, also while that server is away: the same host from another
/// server would be counted a second time.
pub(super) fn one_per_host(
    listed: Vec<(usize, Vec<Device>)>,
    servers: &[String],
    owner: impl Fn(&str) -> Option<String>,
) -> (Vec<(usize, Device)>, Vec<String>) {
    let mut candidates = BTreeMap::<String, Vec<(usize, Device)>>::new();
    let answering: Vec<usize> = listed.iter().map(|(server, _)| *server).collect();
    for (server, device) in listed
        .into_iter()
        .flat_map(|(server, devices)| devices.into_iter().map(move |device| (server, device)))
    {
        candidates
            .entry(device.host.clone())
            .or_default()
            .push((server, device));
    }
    let (mut taken, mut notices) = (Vec::new(), Vec::new());
    for (host, mut devices) in candidates {
        let owner = owner(&host).and_then(|owner| servers.iter().position(|url| *url == owner));
        let owner_is_away = owner.filter(|owner| !answering.contains(owner));
        devices.sort_by_key(|(server, _)| Some(*server) != owner);
        let chosen = owner_is_away.unwrap_or(devices[0].0);
        for (server, device) in devices {
            if server == chosen {
                taken.push((server, device));
            } else {
                notices.push(format!(
                    "host `{host}` of {url} is left out, since {rival} has one of the same name\nhint: give it another name under [hosts]: `\"{url}/{machine}\" = \"another-name\"`",
                    url = servers[server],
                    rival = servers[chosen],
                    machine = device.machine,
                ));
            }
        }
    }
    (taken, notices)
}
