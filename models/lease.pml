/*
 * The lease of one instance in a store with conditional writes, and the hand-over from one run to the next.
 * docs/model.md ties each step to the code. Answers get lost: then the item is read, and the write id in it tells whose write it was.
 *
 * Clocks are right here: a lease expires only when its holder is dead. (That nothing but waiting rests on that is what sink.pml
 * and source.pml show, where any run may begin at any time.)
 */
#ifndef RUNS
#define RUNS 3
#endif
#define NOBODY 255

byte epoch = 0;
byte holder = NOBODY;
byte wantedBy = NOBODY;
byte itemVersion = 0;
byte writtenBy = NOBODY;      /* whose write id the item carries; each run has one write in flight at a time */

byte granted = 0;             /* highest epoch that any run was given */
byte working = 0;             /* runs between lease and release that are alive */
bool isDead[RUNS];
byte lostAnswers = 2;
bool isHandedOver = false;

/* A conditional write of the item as `newHolder`, `newWanted`, `newEpoch`; sets `isWritten`. */
inline put(newHolder, newWanted, newEpoch) {
  atomic {
    if
#ifdef NO_CONDITION
    :: true ->
#else
    :: itemVersion == seen ->
#endif
       itemVersion++; seen = itemVersion; writtenBy = me;
       holder = newHolder; wantedBy = newWanted; epoch = newEpoch;
       if
       :: isWritten = true
       :: lostAnswers > 0 -> lostAnswers--; isWritten = false; isRetried = true
       fi
#ifndef NO_CONDITION
    :: itemVersion != seen ->
#ifdef CONFLICT_IS_SUCCESS
       isWritten = true
#else
       isWritten = false
#endif
#endif
    fi
  };
  /* No answer, or a conflict on a retry: a consistent read, and the write id decides. */
  if
  :: isRetried ->
#ifdef OWN_WRITE_UNKNOWN
     isRetried = false
#else
     atomic { isRetried = false; isWritten = (writtenBy == me && itemVersion == seen) }
#endif
  :: else
  fi
}

inline look() {
  d_step { seen = itemVersion; atEpoch = epoch; atHolder = holder; atWanted = wantedBy }
}

proctype Run(byte me; bool mayDie) {
  byte seen, atEpoch, atHolder, atWanted, mine, batches = 0;
  bool isWritten, isRetried = false, isWanted = false;

acquire:
  look();
  if
  :: atHolder == NOBODY || isDead[atHolder] || atHolder == me ->
#ifdef EPOCH_NOT_RAISED
     put(me, NOBODY, atEpoch);
#else
     put(me, NOBODY, atEpoch + 1);
#endif
     if
     :: isWritten -> goto work
     :: else -> goto acquire
     fi
  :: else ->
     /* Held: ask for a hand-over, once, and look again when something has changed. */
     if
     :: atWanted == NOBODY -> put(atHolder, me, atEpoch)
     :: else
     fi;
     (itemVersion != seen || isDead[atHolder]);
     goto acquire
  fi;

work:
  skip;
  d_step {
    mine = epoch; batches = 0;
    working++;
    assert(working == 1);                 /* one run at a time */
    assert(epoch > granted);              /* and never the same epoch again */
    granted = epoch
  };
batch:
  /* A batch, then a renewal, which sees who waits. */
  if
  :: mayDie -> d_step { isDead[me] = true; working-- }; goto over
  :: skip
  fi;
#ifdef RELEASE_WHILE_WORKING
  if
  :: batches == 0 -> look(); put(NOBODY, NOBODY, atEpoch); batches = 1; goto batch
  :: else
  fi;
#endif
  look();
  if
  :: atHolder != me || atEpoch != mine -> d_step { working-- }; goto over    /* lost: the run ends hard */
  :: else
  fi;
#ifdef RENEWAL_DROPS_WANT
  atWanted = NOBODY;
#endif
  isWanted = (atWanted != NOBODY);
  if
  :: !isWanted && batches < 2 ->
     put(me, atWanted, atEpoch);
     batches++;
     goto batch
  :: else
  fi;
#ifdef RENEWAL_DROPS_WANT
  /* It has work for ever, and nobody seems to wait. */
  if :: !isWanted -> (false) :: else fi;
#endif
  /* The end at a batch boundary: released, so that the successor begins at once. */
  d_step { working-- };
release:
  look();
  if
  :: atHolder == me && atEpoch == mine ->
     put(NOBODY, NOBODY, atEpoch);
     if
     :: !isWritten -> goto release
     :: else
     fi
  :: else
  fi;
over:
  skip
}

#ifdef REACHABLE
active proctype Witness() {
  (granted == RUNS && holder == NOBODY);
  assert(false)
}
#endif

init {
  atomic {
    run Run(0, true);
    run Run(1, false);
    if :: RUNS > 2 -> run Run(2, false) :: else fi
  }
}
