/*
 * One topic-partition of a sink and the runs that work on it: fence on open, frontier, effect, acknowledgement.
 * docs/model.md ties each step to the code.
 *
 * A process is one attempt: what an earlier attempt of the same run left in flight is fenced like another run's, so a
 * retry is just the next process. A frozen run that wakes is an interleaving: spin tries all of them. Leases are not
 * here because nothing may rest on them: every attempt may begin while others still work.
 *
 * Choose the route with -DTRANSACTIONAL, -DVERSIONED or -DATMOST. The other switches break the protocol; see cases.ts.
 */
#ifndef ATTEMPTS
#define ATTEMPTS 3
#endif
#ifndef RECORDS
#define RECORDS 3
#endif
#ifdef TRANSACTIONAL
#define APPENDS          /* every effect counts: a second one is a duplicate */
#endif
#ifdef ATMOST
#define APPENDS
#endif

/* The checkpoint: a row in the target (transactional) or an item of our store, whose one condition is its version. */
byte token = 0;
byte frontier = 0;       /* records 1..frontier are settled */
byte itemVersion = 1;
byte storedVersion = 0;  /* version of the record at the frontier */

/* The target. */
byte effects[RECORDS + 1];
byte cellRecord[2];      /* by key: the record that a reader sees, and the version it was written with */
byte cellVersion[2];

/* The broker: acknowledged up to, now and as far as it is flushed. */
byte markDelete = 0;
byte flushed = 0;

byte tokens = 0;
byte wallClock = 4;

#define KEY(r) ((r) % 2)
/* Producers' clocks tie and run backwards: publish times of records 1, 2, 3, 4 are 3, 1, 1, 2. */
#define PUBLISHED(r) ((r) == 1 -> 3 : ((r) == 4 -> 2 : 1))

inline crashOrGoOn() {
  if
  :: skip
  :: goto over
  fi
}

/* What must hold whenever the frontier has moved. */
inline checkSettled() {
  i = 1;
  do
  :: i <= frontier ->
#ifdef TRANSACTIONAL
     assert(effects[i] == 1);                   /* none lost */
#endif
#ifdef VERSIONED
     assert(cellRecord[KEY(i)] >= i);           /* a reader sees it, or a later one of the same key */
#endif
     i++
  :: else -> break
  od;
  i = 0
}

inline apply(r) {
#ifdef APPENDS
  effects[r]++;
  assert(effects[r] == 1)                       /* none twice */
#else
#ifdef VERSION_BY_WALL_CLOCK
  v = wallClock; wallClock++;
#else
#ifdef VERSION_BY_PUBLISH_TIME
  v = PUBLISHED(r);
#else
  v = (PUBLISHED(r) > v -> PUBLISHED(r) : v + 1);
#endif
#endif
  if
  :: v >= cellVersion[KEY(r)] ->
     assert(r >= cellRecord[KEY(r)]);           /* no newer value is undone */
     cellRecord[KEY(r)] = r;
     cellVersion[KEY(r)] = v
  :: else
  fi
#endif
}

#ifdef FRONTIER_BEFORE_FENCE
#define READ_FIRST
#endif
#ifdef NO_FENCE
#define READ_FIRST
#define TOKEN_HOLDS (token <= mine)             /* the stored token is older until the first commit */
#else
#define TOKEN_HOLDS (token == mine)
#endif

#ifdef NO_TOKEN
#undef TOKEN_HOLDS
#define TOKEN_HOLDS true
#endif
#ifdef NO_CAS
#define FRONTIER_HOLDS true
#else
#define FRONTIER_HOLDS (frontier == f)
#endif

#ifdef TRANSACTIONAL
#define MAY_COMMIT (TOKEN_HOLDS && FRONTIER_HOLDS)
#else
#ifdef NO_CONDITION
#define MAY_COMMIT true
#else
#define MAY_COMMIT (itemVersion == held)
#endif
#endif

#ifdef NO_BATCH_INDEX
#define STORED(r) (((r) % 2) == 1 && (r) < RECORDS -> (r) + 1 : (r))   /* entries of two: the whole entry counts */
#else
#define STORED(r) (r)
#endif

proctype Attempt(byte mine) {
  byte f, held, next, last, v, i, r;
  bool isLost = false;

  /* Attempts differ by their token only, so they are numbered in the order in which they begin. */
  d_step { tokens == mine - 1 -> tokens++ };
  crashOrGoOn();

  /* Fence on open: the token goes in, and the frontier is what that very write found. */
#ifdef READ_FIRST
  d_step { f = frontier; v = storedVersion; held = itemVersion }
#endif
#ifndef NO_FENCE
  atomic {
    if
    :: token < mine ->
       token = mine; itemVersion++; held = itemVersion;
#ifndef READ_FIRST
       f = frontier; v = storedVersion;
#endif
    :: else -> goto over
    fi
  }
#endif
#ifdef VERSION_NOT_STORED
  v = 0;
#endif
  crashOrGoOn();

  /* Subscribe: the broker delivers what is not acknowledged, and what lies at or below the frontier is filtered. */
#ifdef TRUST_ACK
  f = markDelete;
#endif
  next = (markDelete > f -> markDelete : f) + 1;

  do
  :: next > RECORDS -> break
  :: next <= RECORDS ->
     /* A batch: the next record, or the next two. */
     if
     :: last = next
     :: next < RECORDS -> last = next + 1
     fi;
     crashOrGoOn();
#ifdef ACK_BEFORE_COMMIT
     markDelete = last;
     crashOrGoOn();
#endif

#ifdef TRANSACTIONAL
     /* One transaction: the frontier first, then the records. */
     if
     :: atomic {
          if
          :: MAY_COMMIT ->
             r = next;
#ifdef SKIPS_FAILED
             if :: r++ :: skip fi;              /* the first record is to be retried, and is passed by */
#endif
             do :: r <= last -> apply(r); r++ :: else -> break od;
             frontier = STORED(last); token = mine;
             checkSettled();
             f = frontier
          :: else ->
#ifdef ROWS_UNCHECKED
             r = next;
             do :: r <= last -> apply(r); r++ :: else -> break od;
             f = last
#else
             goto over
#endif
          fi;
          if :: isLost = false :: isLost = true fi
        }
     :: isLost = true                           /* it never came through, and nobody can tell */
     fi;
#endif

#ifdef VERSIONED
     r = next;
     do
     :: r <= last ->
        atomic { apply(r) };
        crashOrGoOn();
        r++
     :: else -> break
     od;
#endif

#ifdef WRITE_BEFORE_CHECKPOINT
     r = next;
     do :: r <= last -> atomic { apply(r) }; crashOrGoOn(); r++ :: else -> break od;
#endif

#ifndef TRANSACTIONAL
#ifndef TRUST_ACK
     /* The frontier in our store, on condition that nobody wrote the item since. */
     if
     :: atomic {
          if
          :: MAY_COMMIT ->
             itemVersion++; held = itemVersion; frontier = STORED(last); storedVersion = v; f = frontier;
             checkSettled()
          :: else ->
#ifdef CONFLICT_IS_SUCCESS
             f = last; held = itemVersion
#else
             goto over
#endif
          fi;
          if :: isLost = false :: isLost = true fi
        }
     :: isLost = true
     fi;
#endif
#endif

     /* No answer: the attempt is over, and the next fence tells what happened. */
     if
     :: isLost ->
#ifdef ASSUME_COMMITTED
        isLost = false; f = last
#else
        goto over
#endif
     :: else
     fi;

#ifdef TRUST_ACK
     markDelete = last;
     f = last;
#endif
#ifdef ATMOST
#ifndef WRITE_BEFORE_CHECKPOINT
     r = next;
     do :: r <= last -> atomic { apply(r) }; crashOrGoOn(); r++ :: else -> break od;
#endif
#endif

     crashOrGoOn();
     /* The acknowledgement is cleanup, at most up to the frontier; a zombie's counts, too. */
     d_step {
       if
       :: f > markDelete -> markDelete = f
       :: else
       fi
     };
     next = (f > last -> f : last) + 1
  od;

over:
  skip;
  /* Nothing of it matters any more: fewer states. */
  d_step { f = 0; held = 0; next = 0; last = 0; v = 0; i = 0; r = 0; isLost = false }
}

/* The broker flushes acknowledgements now and then, and forgets the rest when it is killed. */
active proctype Broker() {
  bool isKilled = false;
  do
  :: flushed < markDelete -> flushed = markDelete
  :: !isKilled && markDelete > flushed -> d_step { markDelete = flushed; isKilled = true }
  :: timeout -> break
  od
}

#ifdef REACHABLE
/* Not a defect: shows that the end is reached at all, with all records written and acknowledged. */
active proctype Witness() {
  (frontier == RECORDS && markDelete == RECORDS);
  assert(false)
}
#endif

init {
  byte n = 0;
  atomic {
    do :: n < ATTEMPTS -> n++; run Attempt(n) :: else -> n = 0; break od
  }
}
