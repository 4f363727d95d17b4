#include "tests/integration/ingress/gateway_controller.h"

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>
#include <vector>

#include "common/kube/object.h"

namespace berth::ingress {
namespace {

using kube::Json;

Json Condition(const Json& object, const std::string& type, bool is_true,
               const std::string& reason) {
  return {{"type", type},
          {"status", is_true ? "True" : "False"},
          {"reason", reason},
          {"message", ""},
          {"lastTransitionTime", "2026-01-01T00:00:00Z"},
          {"observedGeneration", kube::Generation(object)}};
}

}  // namespace

GatewayController::GatewayController(std::unique_ptr<kube::Client> client, std::string ns,
                                     kube::GatewayApi api)
    : client_(std::move(client)),
      ns_(std::move(ns)),
      api_(std::move(api)),
      thread_([this](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          Pass();
          std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
      }) {}

void GatewayController::Pause() {
  MutexLock lock(mutex_);
  paused_ = true;
}

void GatewayController::Resume() {
  MutexLock lock(mutex_);
  paused_ = false;
}

void GatewayController::SetRouteProblem(const std::string& reason) {
  MutexLock lock(mutex_);
  route_problem_ = reason;
}

void GatewayController::Pass() {
  MutexLock lock(mutex_);
  if (paused_) {
    return;
  }
  auto listener_sets = client_->List(*api_.listener_sets, ns_);
  auto routes = client_->List(*api_.tcp_routes, ns_);
  if (!listener_sets.ok() || !routes.ok()) {
    return;
  }
  std::sort(listener_sets->items.begin(), listener_sets->items.end(),
            [](const Json& a, const Json& b) {
              const auto key = [](const Json& object) {
                return std::tuple(kube::CreationTimestamp(object), kube::Name(object));
              };
              return key(a) < key(b);
            });
  std::set<int> taken;
  for (const Json& listener_set : listener_sets->items) {
    const int port = listener_set["spec"]["listeners"][0]["port"].get<int>();
    Judge(listener_set, taken.insert(port).second);
  }
  for (const Json& route : routes->items) {
    const Json conditions = Json::array(
        {Condition(route, "Accepted", true, "Accepted"),
         route_problem_.empty() ? Condition(route, "ResolvedRefs", true, "ResolvedRefs")
                                : Condition(route, "ResolvedRefs", false, route_problem_)});
    WriteStatus(*api_.tcp_routes, route,
                {{"parents", Json::array({{{"parentRef", route["spec"]["parentRefs"][0]},
                                           {"controllerName", "example.org/test"},
                                           {"conditions", conditions}}})}});
  }
}

void GatewayController::Judge(const Json& listener_set, bool has_port) {
  const std::string why = has_port ? "Programmed" : "ListenersNotValid";
  const Json conditions =
      Json::array({Condition(listener_set, "Accepted", has_port, has_port ? "Accepted" : why),
                   Condition(listener_set, "Programmed", has_port, why)});
  const Json listener = Json::array(
      {Condition(listener_set, "Programmed", has_port, has_port ? "Programmed" : "Invalid"),
       Condition(listener_set, "ResolvedRefs", true, "ResolvedRefs"),
       Condition(listener_set, "Conflicted", !has_port,
                 has_port ? "NoConflicts" : "ProtocolConflict")});
  WriteStatus(*api_.listener_sets, listener_set,
              {{"conditions", conditions},
               {"listeners", Json::array({{{"name", listener_set["spec"]["listeners"][0]["name"]},
                                           {"attachedRoutes", 1},
                                           {"conditions", listener}}})}});
}

void GatewayController::WriteStatus(const kube::Resource& resource, const Json& object,
                                    const Json& status) {
  if (kube::At(object, {"status"}) == status) {
    return;
  }
  Json changed = object;
  changed["status"] = status;
  // One that changed meanwhile gets it in the next pass.
  static_cast<void>(client_->UpdateStatus(resource, changed));
}

}  // namespace berth::ingress
