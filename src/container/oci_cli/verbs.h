// All verbs, in the order of the help.
#pragma once

#include "container/oci_cli/verb.h"

namespace podo::oci_cli {

extern const Verb create_verb, start_verb, run_verb, state_verb, kill_verb, delete_verb, exec_verb, list_verb,
    ps_verb, pause_verb, resume_verb, update_verb, events_verb, spec_verb, features_verb, checkpoint_verb,
    restore_verb;

constexpr const Verb* verbs[] = {&create_verb,     &start_verb,  &run_verb,    &state_verb, &kill_verb,
                                 &delete_verb,     &exec_verb,   &list_verb,   &ps_verb,    &pause_verb,
                                 &resume_verb,     &update_verb, &events_verb, &spec_verb,  &features_verb,
                                 &checkpoint_verb, &restore_verb};

}  // namespace podo::oci_cli
