#include "tests/integration/faults/foreign_entries.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "common/kube/object.h"
#include "common/kube/resource.h"

namespace berth::faults {
namespace {

using kube::Json;

// Inside the pool's range, so that Berth and they want the same numbers.
constexpr int kFirstPort = 20070;
constexpr int kLastPort = 20099;
constexpr std::size_t kMost = 12;

// Null if there is none.
Json EntryIn(const Json& object, int port) {
  if (kube::StringAt(object, {"kind"}) == "ConfigMap") {
    return kube::At(object, {"data", std::to_string(port)});
  }
  for (const Json& entry : kube::At(object, {"spec", "ports"})) {
    if (entry.value("port", 0) == port && entry.value("protocol", "TCP") == "TCP") return entry;
  }
  return nullptr;
}

}  // namespace

ForeignEntries::ForeignEntries(kube::Client& client, std::string ns, std::uint64_t seed)
    : client_(client), ns_(std::move(ns)), random_(seed) {}

Json ForeignEntries::Read(Place place) {
  for (;;) {
    const auto object = place == Place::kConfigMap ? client_.Get(kube::kConfigMaps, {ns_, "tcp"})
                                                   : client_.Get(kube::kServices, {ns_, "nginx"});
    if (object.ok()) return *object;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

void ForeignEntries::Compare(Place place, const Json& object) {
  for (const auto& [port, entry] : expected_[place]) {
    const Json found = EntryIn(object, port);
    if (found != entry) {
      violations_.push_back(fmt::format("{} {}: {} became {}", kube::StringAt(object, {"kind"}),
                                        port, entry.dump(), found.dump()));
    }
  }
}

void ForeignEntries::Check() {
  for (const Place place : {Place::kConfigMap, Place::kService}) Compare(place, Read(place));
}

void ForeignEntries::Edit() {
  const Place place = random_() % 2 == 0 ? Place::kConfigMap : Place::kService;
  std::map<int, Json>& mine = expected_[place];
  const bool add = mine.size() < kMost && (mine.empty() || random_() % 2 == 0);
  int port = kFirstPort + static_cast<int>(random_() % (kLastPort - kFirstPort + 1));
  if (!add) port = std::next(mine.begin(), static_cast<int>(random_() % mine.size()))->first;
  if (add && mine.contains(port)) return;
  while (!TryEdit(place, port, add)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  ++edits_;
}

// False if the object changed meanwhile, or nobody knows whether it was written.
bool ForeignEntries::TryEdit(Place place, int port, bool add) {
  Json object = Read(place);
  const Json found = EntryIn(object, port);
  std::map<int, Json>& mine = expected_[place];
  const bool is_map = place == Place::kConfigMap;
  if (add && !found.is_null()) {
    // Berth's, or written by a try whose answer was lost.
    const std::string text = found.dump();
    if (text.find("by-hand") != std::string::npos) mine[port] = found;
    Compare(place, object);
    return true;
  }
  if (!add && found.is_null()) {
    // Its removal may have been carried out by a try before; the others must be there.
    mine.erase(port);
    Compare(place, object);
    return true;
  }
  Compare(place, object);
  if (is_map && add) object["data"][std::to_string(port)] = fmt::format("by-hand/db-{0}:{0}", port);
  if (is_map && !add) object["data"].erase(std::to_string(port));
  if (!is_map && add) {
    object["spec"]["ports"].push_back({{"name", fmt::format("by-hand-{}", port)},
                                       {"port", port},
                                       {"protocol", "TCP"},
                                       {"targetPort", 5432}});
  }
  if (!is_map && !add) {
    Json& ports = object["spec"]["ports"];
    ports.erase(std::remove(ports.begin(), ports.end(), found), ports.end());
  }
  const auto written = client_.Update(is_map ? kube::kConfigMaps : kube::kServices, object);
  if (!written.ok()) return false;
  if (add) {
    mine[port] = EntryIn(*written, port);
  } else {
    mine.erase(port);
  }
  return true;
}

std::map<std::string, std::string> ForeignEntries::entries() const {
  std::map<std::string, std::string> all;
  for (const auto& [place, entries] : expected_) {
    for (const auto& [port, entry] : entries) {
      all[fmt::format("{}/{}", place == Place::kConfigMap ? "ConfigMap" : "Service", port)] =
          entry.dump();
    }
  }
  return all;
}

}  // namespace berth::faults
