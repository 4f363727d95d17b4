#include "helm-service/domain/observed_action.h"

#include <variant>

#include "helm-service/domain/overloaded.h"

namespace berth::helm {
namespace {

std::vector<std::string> HookEvents(const Action& action, int revision_before) {
  const std::vector<std::string> install = {"pre-install", "post-install"};
  return std::visit(Overloaded{
                        [&](const Install&) { return install; },
                        [&](const Upgrade&) {
                          return revision_before == 0
                                     ? install
                                     : std::vector<std::string>{"pre-upgrade", "post-upgrade"};
                        },
                        [](const Rollback&) {
                          return std::vector<std::string>{"pre-rollback", "post-rollback"};
                        },
                        [](const Uninstall&) {
                          return std::vector<std::string>{"pre-delete", "post-delete"};
                        },
                        [](const Test&) {
                          return std::vector<std::string>{"test", "test-success"};
                        },
                    },
                    action.what);
}

}  // namespace

ObservedAction ObservedAction::Of(const Action& action, int revision_before, kube::Time launched) {
  const bool removes = IsUninstall(action);
  const bool makes_revision = !removes && !IsTest(action);
  return {.release = action.release,
          .revision = makes_revision ? revision_before + 1 : revision_before,
          .goal = removes ? Goal::kGone : Goal::kReady,
          .waits = action.wait,
          .hook_events = HookEvents(action, revision_before),
          .launched = launched};
}

}  // namespace berth::helm
