/*
 * One source partition that publishes to one topic-partition at EFFECTIVELY_ONCE: checkpoint, producer name, the broker's
 * deduplication, probe, tail scan. docs/model.md ties each step to the code.
 *
 * The broker is as measured (../docs/rules.md): it names the highest *pushed* sequence, which may not be stored yet; an entry whose lowest
 * sequence is not above the persisted one gets an OK receipt without id; one between the two is answered "unknown". A second
 * connection under the same name closes the first. A process is one attempt, as in sink.pml.
 */
#ifndef ATTEMPTS
#define ATTEMPTS 3
#endif
#ifndef RECORDS
#define RECORDS 3
#endif

/* How often what may happen. */
#ifndef FAILURES
#define FAILURES 1
#endif
#ifndef REJECTIONS
#define REJECTIONS 1
#endif
#ifndef FORGETTINGS
#define FORGETTINGS 1
#endif
#ifndef GUARD_LOSSES
#define GUARD_LOSSES 1
#endif

/* Checkpoint item. */
byte token = 0;
byte itemVersion = 1;
byte position = 0;           /* records 1..position are settled */
bool isClean = true;

/* Broker: what it was sent, what is stored, who owns the producer name (0: nobody). */
byte pushed = 0;
byte persisted = 0;
byte stored = 0;             /* the topic holds records 1..stored, once each and in this order */
byte owner = 0;
chan inFlight = [2] of { byte, byte, byte };   /* lowest, highest, owner */
byte received = 0;           /* highest sequence of the last receipt that reached the owner */

/* What keeps the tail: our guard subscription. Entries up to mayBeGone may have been trimmed, or may not. */
byte guardAt = 0;            /* its position; 0 is also what the checkpoint remembers from the start of the generation */
bool isGuardLost = false;
byte mayBeGone = 0;
#ifdef NO_GUARD
#define GONE stored
#else
#define GONE mayBeGone
#endif

byte failures = FAILURES, rejections = REJECTIONS, forgettings = FORGETTINGS, guardLosses = GUARD_LOSSES;
byte tokens = 0;

inline crashOrGoOn() {
  if
  :: skip
  :: goto over
  fi
}

/* SEND of records lo..hi: sets `answer`. An entry that is refused (size, policy) leaves no trace. */
mtype = { ACCEPTED, DUPLICATE, UNKNOWN, CLOSED, ERROR };
inline send(lo, hi) {
  if :: rejections > 0 -> mayReject = true :: skip fi;
  d_step {
    if
    :: owner != mine -> answer = CLOSED
    :: else ->
       if
       :: pushed > 0 && lo <= persisted -> answer = DUPLICATE
       :: pushed > 0 && lo > persisted && lo <= pushed -> answer = UNKNOWN
       :: else ->
          if
          :: mayReject && rejections > 0 -> rejections--; answer = ERROR
          :: else ->
          answer = ACCEPTED;
#ifdef LOWEST_ONLY
          pushed = lo;
#else
          pushed = hi;
#endif
          inFlight!lo,hi,mine
          fi
       fi
    fi;
    mayReject = false
  }
}

inline commit(clean) {
  d_step {
    if
#ifdef NO_CONDITION
    :: true ->
#else
    :: itemVersion == held ->
#endif
       assert(s <= stored || s <= position);   /* nothing is checkpointed that is not stored */
       itemVersion++; held = itemVersion; position = s; isClean = clean;
       /* The guard follows, up to the entry before the checkpointed one. */
       if
       :: s > 0 && s - 1 > guardAt -> guardAt = s - 1
       :: else
       fi
#ifndef NO_CONDITION
    :: else -> answer = CLOSED
#endif
    fi
  }
}

proctype Attempt(byte mine) {
  byte held, s, last, hi;
  bool wasClean, isTrusted = false;
  bool mayReject;
#ifdef WINDOW_2
  byte behind;
#endif
  mtype answer = ACCEPTED;

  /* Attempts differ by their token only, so they are numbered in the order in which they begin. */
  d_step { tokens == mine - 1 -> tokens++ };
  crashOrGoOn();

  /* Fence: token in, dirty, and the progress as of that write. */
#ifdef PROGRESS_BEFORE_FENCE
  d_step { s = position; wasClean = isClean }
#endif
  atomic {
    if
    :: token < mine ->
       token = mine; itemVersion++; held = itemVersion;
#ifndef PROGRESS_BEFORE_FENCE
       s = position; wasClean = isClean;
#endif
       isClean = false
    :: else -> goto over
    fi
  }
  crashOrGoOn();

  /* Subscribe the guard: a lost one is made again at the end of the topic. */
  d_step {
    if
    :: isGuardLost -> isGuardLost = false; guardAt = stored; mayBeGone = stored
    :: else
    fi
  }
  /* Register the name: its former owner is closed. L is what was pushed. */
  d_step { owner = mine; last = pushed; received = 0 }
  crashOrGoOn();

  /* A memory that says nothing may have been emptied while we slept: whoever fenced since may have published. Nobody can
     publish unseen after this look, for a newer attempt closes our producer before its first entry. */
#ifndef NO_SECOND_LOOK
  if
  :: last <= s && !(last == s && last > 0) && itemVersion != held -> goto over
  :: else
  fi;
#endif

  /* What the topic holds beyond the checkpoint. */
  if
  :: wasClean && last <= s -> last = s; isTrusted = true
  :: else ->
     if
     :: last > s -> skip                        /* named, but not proven */
     :: last <= s && (wasClean || (last == s && last > 0)) -> isTrusted = true
     :: else ->                                  /* the broker forgot the name: read the tail */
#ifdef NO_SCAN
        last = s;
#else
        atomic {
          if
          :: s > 0 -> last = stored              /* the checkpointed entry is there: complete */
          :: s > 0 && GONE >= s ->               /* or it is gone, and nothing can be told */
#ifdef EMPTY_SCAN
             last = s
#else
             goto over
#endif
#ifdef NO_START_MARK
          :: s == 0 -> last = (stored > guardAt -> stored : 0)
#else
          :: s == 0 && guardAt == 0 -> last = stored
          :: s == 0 && guardAt > 0 -> goto over  /* not the guard that the generation began with */
#endif
          fi
        }
#endif
        isTrusted = true
     fi
  fi;
#ifdef NO_PROBE
  isTrusted = true;
#endif

  do
  :: s >= RECORDS && isTrusted -> break
  :: s >= RECORDS && !isTrusted -> goto over
  :: isTrusted -> break                          /* an orderly stop between two batches */
  :: s < RECORDS ->
     if
#ifndef STRADDLE
     :: s + 1 < last -> s++
     :: s + 1 == last ->
        if
        :: isTrusted -> skip
        :: else ->
           send(last, last);                     /* the probe: L alone */
           if
           :: answer == DUPLICATE -> isTrusted = true
           :: else -> goto over
           fi
        fi;
        s++;
        commit(false);
        if :: answer == CLOSED -> goto over :: else fi
     :: s + 1 > last ->
        if :: !isTrusted -> goto over :: else fi;
#else
     :: true ->
#endif
        if
        :: hi = s + 1
        :: s + 1 < RECORDS -> hi = s + 2
        fi;
        send(s + 1, hi);
#ifdef WINDOW_2
        if
        :: hi < RECORDS -> hi++; behind = hi; send(behind, behind)     /* sent before the first answer is there */
        :: else
        fi;
#endif
        crashOrGoOn();
#ifdef COMMIT_BEFORE_RECEIPT
        s = hi; last = hi;
        commit(false);
        if :: answer == CLOSED -> goto over :: else fi;
#else
#ifdef CLEAN_EARLY
        if
        :: answer == ACCEPTED -> break            /* an end with the receipt outstanding */
        :: skip
        fi;
#endif
        if
        :: answer == ACCEPTED ->
           if
           :: received == hi && owner == mine -> skip
           :: owner != mine ->
#ifdef SEND_TIMEOUT
              d_step { owner = mine }    /* reconnects, gives this entry up, goes on */
#else
              goto over
#endif
           fi
        :: answer == DUPLICATE ->
#ifndef STRADDLE
           goto over
#else
           skip                                  /* an OK receipt, after all */
#endif
        :: else -> goto over
        fi;
        s = hi; last = hi; isTrusted = true;
        crashOrGoOn();
        commit(false);
        if :: answer == CLOSED -> goto over :: else fi
#endif
     fi
  od;

  /* The orderly end: every receipt is in. Clean, if nothing that is held lies beyond the position. */
#ifdef CLEAN_BEYOND_POSITION
  commit(true);
#else
  commit(last <= s);
#endif

over:
  skip;
  d_step {
    if
    :: owner == mine -> owner = 0
    :: else
    fi;
    /* Nothing of it matters any more: fewer states. */
    held = 0; s = 0; last = 0; hi = 0; wasClean = false; isTrusted = false; answer = 0
  }
}

active proctype Broker() {
  byte lo, hi, who;
end:
  do
  :: d_step {
       len(inFlight) > 0 ->
       inFlight?lo,hi,who;
       assert(lo == stored + 1);                 /* none lost, none twice, in order */
       stored = hi;
#ifdef LOWEST_ONLY
       persisted = lo;
#else
       persisted = hi;
#endif
       if
       :: who == owner -> received = hi
       :: else
       fi;
       lo = 0; hi = 0; who = 0
     }
  /* A storage failure: what was pushed and not stored is gone, the connections are closed. */
  :: d_step {
       failures > 0 && len(inFlight) > 0 ->
       failures--;
       do :: len(inFlight) > 0 -> inFlight?lo,hi,who :: else -> break od;
       pushed = persisted; owner = 0;
       lo = 0; hi = 0; who = 0
     }
  /* Hours of silence: names without a connection are forgotten. */
  :: d_step {
       forgettings > 0 && owner == 0 && len(inFlight) == 0 && pushed > 0 ->
       forgettings--; pushed = 0; persisted = 0
     }
  /* Somebody deletes our guard subscription. */
  :: d_step { guardLosses > 0 && !isGuardLost -> guardLosses--; isGuardLost = true }
  od
}

#ifdef REACHABLE
active proctype Witness() {
  (stored == RECORDS && position == RECORDS && isClean && forgettings == 0 && failures == 0);
  assert(false)
}
#endif

init {
  byte n = 0;
  atomic {
    do :: n < ATTEMPTS -> n++; run Attempt(n) :: else -> n = 0; break od
  }
}
